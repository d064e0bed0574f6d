/** An Instantly in this process, with made-up keys to rehearse on. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Instantly from "../../Instantly.js"
import { InstantlyMock, layer as mockLayer } from "../../testing/InstantlyMock.js"
import { say } from "../terminal/terminal.js"
import { fingerprintOf, Target, userAgent } from "./target.js"

const keys = [
  { days: 90, name: "zapier", scopes: ["campaigns:read"] },
  { days: 30, name: "acme reports", scopes: ["analytics:read"] },
  { days: 2, name: "laptop of a colleague", scopes: ["all:all"] }
] as const

/** Runs an effect as if it were this many days ago. */
export const inThePast = (days: number) => {
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

/** Opens no socket and reads no configuration, so a key in the environment never leaves this machine. */
export const rehearsal = Layer.unwrapEffect(
  Effect.gen(function* () {
    const mock = yield* InstantlyMock
    const scopes = ["api_keys:read", "api_keys:delete", "audit_logs:read"]
    const caller = yield* mock.createApiKey({ name: "caller", scopes })
    const leaked = yield* inThePast(800)(
      mock.createApiKey({ name: "zapier (old)", scopes: ["api_keys:create", "leads:all", "webhooks:create"] })
    )
    for (const { days, ...key } of keys) yield* inThePast(days)(mock.createApiKey(key))
    const now = yield* Clock.currentTimeMillis
    yield* mock.playThief(leaked, { at: now - Duration.toMillis("3 hours") })
    yield* say(
      `A rehearsal, with ${(yield* mock.apiKeys).length} made-up keys in this process. Nothing leaves this machine.`,
      "If you are asked for a leaked secret, paste this one. It is made up, too:",
      Redacted.value(leaked.secret)
    )
    return Layer.merge(
      Instantly.layer({ apiKey: caller.secret, baseUrl: "https://rehearsal.invalid", userAgent }),
      Layer.succeed(Target, {
        address: "rehearsal",
        isRehearsal: true,
        workspaceId: Option.none(),
        apiKey: caller.secret,
        fingerprint: fingerprintOf(caller.secret)
      })
    )
  })
).pipe(Layer.provide(mockLayer({ retryAfter: true })))
