import { expect } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { address } from "../../examples/embedded/served.js"
import { madeUpSecret } from "./leaks.js"
import { run } from "./process.js"

/** A name that would clear the screen, turn the text around, hide, end the line, stack its marks, and go on for long. */
export const hostileName = `evil\u001b[2J\u009b\u202e\n\u2028\u200be${"\u0301".repeat(20)}"${"a".repeat(200)}`

/** That name as an example prints it. */
export const hostileNamePrinted = `"evil[2J e\u0301\u0301\\"${"a".repeat(47)}…"`

/** Fails where an output holds anything but lines of plain text. */
export const expectPlain = (output: string) => {
  expect(output).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u)
  expect(output).not.toMatch(/\p{M}{3}/u)
}

/** Runs an example against the double that is served, with a key to call with. Its output is plain, without any secret. */
export const runExample = (program: string, args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller" })
    const { code, output } = yield* run(program, args, {
      INSTANTLY_API_KEY: Redacted.value(caller.secret),
      INSTANTLY_BASE_URL: yield* address
    })
    expect(output).not.toMatch(madeUpSecret)
    expectPlain(output)
    return { code, output }
  })
