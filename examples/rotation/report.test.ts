import { describe, expect, it } from "@effect/vitest"
import { expectPlain, hostileName, hostileNamePrinted } from "../../test/support/example.js"
import { describe as describeReport } from "./report.js"

describe("a report", () => {
  it("names a leftover key without what could harm a terminal", () => {
    const text = describeReport({
      _tag: "NotRotated",
      because: "it was interrupted",
      leftover: { _tag: "Named", name: hostileName }
    })
    expect(text).toContain(`the one named ${hostileNamePrinted}`)
    expectPlain(text)
  })
})
