import { expect } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { address } from "../../examples/embedded/served.js"
import { run } from "./process.js"

/** Runs an example against the double that is served, with a key to call with; no secret is ever shown. */
export const runExample = (program: string, args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller" })
    const { code, output } = yield* run(program, args, {
      INSTANTLY_API_KEY: Redacted.value(caller.secret),
      INSTANTLY_BASE_URL: yield* address
    })
    expect(output).not.toContain("made-up-secret")
    return { code, output }
  })
