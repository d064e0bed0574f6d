import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { served } from "../../../examples/embedded/served.js"
import { atDouble, bundled, tool } from "../../support/tool.js"

bundled()

describe("list", () => {
  it.live("prints a key a line, as JSON without secrets", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const environment = yield* atDouble
      const { id } = yield* mock.createApiKey({ name: "zapier\u001b[2J", scopes: ["leads:all"] })
      const { code, stdout } = yield* tool(["list", "--name", "zapier"], { environment })
      expect(JSON.parse(stdout)).toMatchObject({ id, name: "zapier\u001b[2J", scopes: ["leads:all"] })
      expect(stdout).not.toContain("\u001b")
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("is 4 if the API key lacks the scope", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
      const environment = { ...(yield* atDouble), INSTANTLY_API_KEY: Redacted.value(caller.secret) }
      expect((yield* tool(["list"], { environment })).code).toBe(4)
    }).pipe(Effect.provide(served()))
  )
})
