import { describe, expect, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect } from "effect"
import { InstantlyError } from "effect-instantly"
import { run } from "../test/support/process.js"
import { idFrom, messageOf } from "./ended.js"

const id = "019e18e2-78d4-7322-941a-7384d8969c61"

describe("idFrom", () => {
  it.effect("gives the id, or says how to call the program, without what was given", () =>
    Effect.gen(function* () {
      expect(yield* idFrom(id, "Usage: …")).toBe(id)
      expect((yield* Effect.flip(idFrom(undefined, "Usage: …"))).message).toBe("Usage: …")
      const { message } = yield* Effect.flip(idFrom("made-up-secret", "Usage: …"))
      expect(message).toMatch(/^An id is a UUID, and this one is not.*\nUsage: …$/)
      expect(message).not.toContain("made-up-secret")
    })
  )
})

describe("messageOf", () => {
  it.effect("names the setting that is missing or wrong, and says what any other error says", () =>
    Effect.gen(function* () {
      const settings = ConfigProvider.fromMap(new Map([["PORT", "made-up"]]))
      const told = (config: Config.Config<unknown>) =>
        Effect.map(Effect.flip(Effect.withConfigProvider(config, settings)), messageOf)
      expect(yield* told(Config.redacted("SERVICE_TOKEN"))).toBe("SERVICE_TOKEN is not set.")
      expect(yield* told(Config.integer("PORT"))).toContain("PORT")
      const error = new InstantlyError.NotFound()
      expect(messageOf(error)).toBe(error.message)
    })
  )
})

describe("an example that cannot begin", () => {
  it.live.each([
    { program: "delete.ts", args: [id], code: 1, says: "INSTANTLY_API_KEY is not set.\n" },
    { program: "workspaces.ts", args: [], code: 2, says: expect.stringMatching(/^Usage: .*\n$/) },
    { program: "rotation/main.ts", args: [], code: 1, says: expect.stringMatching(/^Usage: .*\n$/) },
    { program: "http-service/main.ts", args: [], code: 1, says: "SERVICE_TOKEN is not set.\n" }
  ])("$program says why in one line, and ends with $code", ({ args, code, program, says }) =>
    Effect.gen(function* () {
      const key = program === "http-service/main.ts" ? { INSTANTLY_API_KEY: "made-up-secret" } : {}
      expect(yield* run(`examples/${program}`, args, key)).toEqual({ code, output: says })
    })
  )
})
