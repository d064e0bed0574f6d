import { describe, expect, it } from "@effect/vitest"
import { Cause, FiberId } from "effect"
import * as NameOf from "../../src/internal/nameOf.js"

const throwing = (key: string, target: object) =>
  Object.defineProperty(target, key, {
    get: () => {
      throw new Error("made-up-canary")
    }
  })

describe("a defect", () => {
  it.each<readonly [string, unknown, string]>([
    ["its tag", { _tag: "MadeUp" }, "MadeUp"],
    ["its class", new RangeError("made-up-canary"), "RangeError"],
    ["its tag before its class", Object.assign(new Error("made-up-canary"), { _tag: "MadeUp" }), "MadeUp"],
    ["its class, where its tag holds more than a name", Object.assign(new Error(""), { _tag: "a secret" }), "Error"],
    ["its class, where its tag throws", throwing("_tag", new TypeError("made-up-canary")), "TypeError"],
    ["nothing, where tag and name throw", throwing("name", throwing("_tag", new Error(""))), "an unknown error"],
    ["nothing, where it is a text", "made-up-canary", "an unknown error"],
    ["nothing, where it has the name of no error", { name: "made-up-canary" }, "an unknown error"],
    ["a name as long as names are", { _tag: "x".repeat(60) }, "x".repeat(60)],
    ["nothing, where a name is longer", { _tag: "x".repeat(61) }, "an unknown error"],
    ["nothing, where there is none", undefined, "an unknown error"]
  ])("is called by %s", (_, defect, name) => {
    expect(NameOf.ofDefect(defect)).toBe(name)
  })

  it("of which no property can be read is an unknown error", () => {
    const refusing = () => {
      throw new Error("made-up-canary")
    }
    const hostile = new Proxy({}, { get: refusing, has: refusing })
    expect(NameOf.ofDefect(hostile)).toBe("an unknown error")
  })
})

describe("a cause", () => {
  it.each([
    ["its failure", Cause.sequential(Cause.fail({ _tag: "MadeUp" }), Cause.die(new RangeError())), "MadeUp"],
    ["its defect", Cause.die(new RangeError()), "RangeError"],
    ["an interruption, where it is nothing else", Cause.interrupt(FiberId.none), "an interruption"],
    [
      "its defect beside an interruption",
      Cause.parallel(Cause.interrupt(FiberId.none), Cause.die(7)),
      "an unknown error"
    ]
  ])("is called by %s", (_, cause, name) => {
    expect(NameOf.ofCause(cause)).toBe(name)
  })
})
