/** The whole library over a real socket, against Instantly embedded in this process. */
import { NodeHttpClient } from "@effect/platform-node"
import { Clock, Duration, Effect, Layer, Option } from "effect"
import { type ApiKey, ApiKeys, Instantly, type InstantlyError } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../embedded/served.js"
import { printable } from "../printable.js"
import { row, say, step } from "./print.js"

/** Says how a deletion ended, and how long it took. */
const report = <R>(deletion: Effect.Effect<ApiKey.ApiKey, InstantlyError.InstantlyError, R>) =>
  Effect.gen(function* () {
    const [took, result] = yield* Effect.timed(Effect.either(deletion))
    if (result._tag === "Right") {
      const millis = Duration.millis(Math.round(Duration.toMillis(took)))
      return yield* say(`✓ deleted ${printable(result.right.name)} after ${Duration.format(millis)}`)
    }
    yield* say(`✗ ${result.left._tag}`)
    yield* say(result.left.message, "     ")
  })

const tooMany = Fault.respond({
  status: 429,
  headers: { "content-type": "application/json", "retry-after": "2" },
  body: JSON.stringify({ statusCode: 429, error: "Too Many Requests", message: "Rate limit exceeded" })
})

const steps = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["campaigns:read", "leads:all"] })
  const throttled = yield* mock.createApiKey({ name: "throttled" })
  const unlucky = yield* mock.createApiKey({ name: "unlucky" })

  yield* step(1, "A key has leaked. It is deleted, and no secret is shown.")
  yield* row("created ", printable(leaked.name), leaked.id, `secret ${leaked.secret}`)
  yield* report(
    Effect.tap(ApiKeys.delete(leaked.id), ({ key, name, scopes }) =>
      row("response", printable(name), printable(scopes.join(" ")), `secret ${key}`)
    )
  )

  yield* step(2, "It is deleted again. The 404 is an error that says what it does not prove.")
  yield* report(ApiKeys.delete(leaked.id))

  yield* step(3, "The workspace is at its limit: a 429 asks for 2 seconds, and the call waits.")
  yield* mock.script(Fault.next(tooMany))
  yield* report(ApiKeys.delete(throttled.id))

  yield* step(4, "A response is lost. The retry finds no key, and the outcome is unknown.")
  yield* mock.script(Fault.next(Fault.loseResponse))
  yield* report(ApiKeys.delete(unlucky.id))

  yield* step(5, "These requests arrived at Instantly, and this is what they did.")
  const names = new Map([leaked, throttled, unlucky].map(({ id, name }) => [String(id), name]))
  const arrivals = yield* mock.arrivals
  const start = arrivals[0]?.at ?? (yield* Clock.currentTimeMillis)
  yield* Effect.forEach(arrivals, ({ at, fault, method, path, reason, status }) => {
    const name = names.get(path.split("/").at(-1) ?? "") ?? path
    return row(
      `${String(at - start).padStart(5)} ms`,
      `${method} ${printable(name).padEnd(11)}`,
      Option.match(status, { onNone: () => "---", onSome: String }),
      Option.match(fault, { onNone: () => reason, onSome: (name) => `${reason} (${name})` })
    )
  })
})

export const story = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey({ name: "caller", scopes: ["api_keys:delete"] })
  const baseUrl = yield* address
  yield* say(`Instantly is embedded at ${baseUrl}. Nothing leaves this machine, and all keys are made up.`, "")
  yield* steps.pipe(
    Effect.provide(
      Instantly.layer({ apiKey: caller.secret, baseUrl, userAgent: "demo/1.0" }).pipe(
        Layer.provide(NodeHttpClient.layerUndici)
      )
    )
  )
}).pipe(Effect.provide(served({ retryAfter: true })))
