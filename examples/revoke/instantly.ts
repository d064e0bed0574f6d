/** Which Instantly the tool works on: the live one, or one in this process with made-up keys to try the tool on. */
import { NodeHttpClient } from "@effect/platform-node"
import { Clock, Duration, Effect, Layer, Redacted } from "effect"
import { Instantly } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../embedded/served.js"
import { tell } from "./terminal.js"

const userAgent = "revoke/1.0"

/** Reads `INSTANTLY_API_KEY`, and `INSTANTLY_BASE_URL` and `INSTANTLY_WORKSPACE_ID` if they are set. */
export const Live = Instantly.layerConfig({ userAgent }).pipe(Layer.provide(NodeHttpClient.layerUndici))

/** It may be shown, because it is made up, like the key it belongs to. */
const leaked = Redacted.make("made-up-and-leaked")

const keys = [
  { days: 800, name: "zapier (old)", scopes: ["campaigns:read", "leads:all"], secret: leaked },
  { days: 90, name: "zapier", scopes: ["campaigns:read"] },
  { days: 30, name: "acme reports", scopes: ["analytics:read"] },
  { days: 2, name: "laptop of a colleague", scopes: ["all:all"] }
] as const

/** Runs an effect as if it were this many days ago. */
const inThePast = (days: number) => {
  const clock = Clock.make()
  const now = () => clock.unsafeCurrentTimeMillis() - Duration.toMillis(Duration.days(days))
  return Effect.withClock({
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: now,
    currentTimeMillis: Effect.sync(now),
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeNanos: clock.currentTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  })
}

/** Reads no configuration, so a key in the environment never leaves this machine. */
export const Embedded = Layer.unwrapEffect(
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const baseUrl = yield* address
    const caller = yield* mock.createApiKey({ name: "caller", scopes: ["api_keys:read", "api_keys:delete"] })
    for (const { days, ...key } of keys) yield* inThePast(days)(mock.createApiKey(key))
    yield* tell(
      `Instantly is embedded at ${baseUrl}, with ${keys.length + 1} made-up keys. Nothing leaves this machine without --live.`,
      `To try --leaked: the secret of "zapier (old)" is ${Redacted.value(leaked)}`
    )
    return Instantly.layer({ apiKey: caller.secret, baseUrl, userAgent })
  })
).pipe(Layer.provide(NodeHttpClient.layerUndici), Layer.provide(Layer.orDie(served({ retryAfter: true }))))
