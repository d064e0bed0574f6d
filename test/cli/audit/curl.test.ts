import { describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"
import { deletionOf } from "../../../src/cli/audit/curl.js"
import { Target } from "../../../src/cli/instantly/target.js"
import { start } from "../../support/process.js"
import { absent } from "../../support/tool.js"

const at = (address: string, workspaceId: Option.Option<string> = Option.none()) =>
  Layer.succeed(Target, {
    address,
    isRehearsal: false,
    workspaceId,
    apiKey: Redacted.make("made-up-secret"),
    fingerprint: "00000000"
  })

describe("the command that deletes webhooks", () => {
  it.live("sends the deletion from bash, with the key that is typed", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const { secret } = yield* mock.createApiKey()
      const other = absent.replace("0", "1")
      const command = yield* Effect.provide(deletionOf([absent, other]), at(yield* address, Option.some("it's mine")))
      yield* start(["bash", "-c", Option.getOrThrow(command).command], { input: `${Redacted.value(secret)}\n` })
      expect(yield* mock.arrivals).toMatchObject(
        [absent, other].map((id) => ({
          method: "DELETE",
          path: `/api/v2/webhooks/${id}`,
          headers: { "x-as-workspace": "it's mine" },
          // 401 without that key; the double has no webhooks.
          status: Option.some(404)
        }))
      )
    }).pipe(Effect.provide(served()))
  )

  it.effect("names no id that is no UUID: it may be the path to something else, or a command", () =>
    Effect.gen(function* () {
      expect(yield* deletionOf([`../api-keys/${absent}`, "$(id)", `${absent}/..`])).toEqual(Option.none())
    }).pipe(Effect.provide(at("https://api.instantly.ai")))
  )
})
