/** The whole library over a real socket, against Instantly embedded in this process. */
import { NodeHttpClient } from "@effect/platform-node"
import { Clock, Console, Duration, Effect, Layer } from "effect"
import { ApiKeys, Instantly, type InstantlyError } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../embedded/served.js"
import { say, step } from "./print.js"

/** Says what became of one deletion, and how long it took. */
const told = <A extends { readonly name: string }>(deletion: Effect.Effect<A, InstantlyError.InstantlyError>) =>
  Effect.timed(Effect.either(deletion)).pipe(
    Effect.tap(([duration, result]) =>
      result._tag === "Right"
        ? say(
            `✓ deleted "${result.right.name}" after ${Duration.format(Duration.millis(Math.round(Duration.toMillis(duration))))}`
          )
        : say(`✗ ${result.left._tag}`, ...result.left.message.split("\n").map((line) => `  ${line}`))
    )
  )

const steps = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const apiKeys = yield* ApiKeys.ApiKeys

  yield* step(1, "A key has leaked, and is deleted.")
  const leaked = yield* mock.createApiKey({ name: "leaked", scopes: ["campaigns:read", "leads:all"] })
  yield* say(`made    "${leaked.name}", ${leaked.id}, secret ${leaked.secret}`)
  yield* told(
    apiKeys
      .delete(leaked.id)
      .pipe(
        Effect.tap(({ key, name, scopes }) => say(`response "${name}", scopes ${scopes.join(", ")}, secret ${key}`))
      )
  )

  yield* step(2, "It is deleted again: the 404 is an error of its own, and says what it does not prove.")
  yield* told(apiKeys.delete(leaked.id))

  yield* step(3, "The workspace is at its limit: Instantly responds 429 and asks for 2 seconds, which are waited out.")
  const throttled = yield* mock.createApiKey({ name: "throttled" })
  yield* mock.script(
    Fault.next(
      Fault.respond({
        status: 429,
        headers: { "content-type": "application/json", "retry-after": "2" },
        body: JSON.stringify({ statusCode: 429, error: "Too Many Requests", message: "Rate limit exceeded" })
      })
    )
  )
  yield* told(apiKeys.delete(throttled.id))

  yield* step(4, "The response is lost: the key is deleted, the retry finds nothing, and the outcome is unknown.")
  const unlucky = yield* mock.createApiKey({ name: "unlucky" })
  yield* mock.script(Fault.next(Fault.loseResponse))
  yield* told(apiKeys.delete(unlucky.id))

  yield* step(5, "What arrived at Instantly, and what it did.")
  const arrivals = yield* mock.arrivals
  const start = arrivals[0]?.at ?? (yield* Clock.currentTimeMillis)
  yield* say(
    ...arrivals.map(({ at, fault, method, path, reason, status }) => {
      const responded = status._tag === "Some" ? String(status.value) : "———"
      const because = fault._tag === "Some" ? `${reason} (${fault.value})` : reason
      return `${String(at - start).padStart(5)} ms  ${method} ${path}  ${responded}  ${because}`
    })
  )
})

export const story = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey({ name: "caller", scopes: ["api_keys:delete"] })
  const baseUrl = yield* address
  yield* Console.log(`Instantly is embedded at ${baseUrl}: nothing leaves this machine, and all keys are made up.`)
  yield* steps.pipe(
    Effect.provide(
      Instantly.layer({ apiKey: caller.secret, baseUrl, userAgent: "demo/1.0" }).pipe(
        Layer.provide(NodeHttpClient.layerUndici)
      )
    )
  )
}).pipe(Effect.provide(served({ retryAfter: true })))
