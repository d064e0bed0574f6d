/** Which Instantly the tool works on: the live one, or one in this process with made-up keys to rehearse on. */
import { createHash } from "node:crypto"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Instantly from "../Instantly.js"
import { InstantlyMock, layer as mockLayer } from "../testing/InstantlyMock.js"
import { tell } from "./terminal.js"
import { version } from "./version.js"

/** What a person has to know of the Instantly that the tool works on, and what the journal writes down of it. */
export class Target extends Context.Tag("effect-instantly/cli/Target")<
  Target,
  {
    readonly address: string
    /** The workspace, where the environment names one. */
    readonly workspaceId: Option.Option<string>
    readonly apiKey: Redacted.Redacted
    /** Tells one API key from another, and gives nothing of it away. */
    readonly fingerprint: string
  }
>() {}

const userAgent = `cli/${version}`

/** 8 hex digits of a hash: far too few to find a secret by. */
export const fingerprintOf = (apiKey: Redacted.Redacted) =>
  createHash("sha256").update(Redacted.value(apiKey).trim()).digest("hex").slice(0, 8)

/** One spelling for each address. The library refuses what is not a URL. */
const normal = (url: string) => (URL.canParse(url) ? new URL(url).href.replace(/\/+$/, "") : url)

/** With this API key, at `INSTANTLY_BASE_URL` and in `INSTANTLY_WORKSPACE_ID` if they are set. */
export const live = (apiKey: Redacted.Redacted) =>
  Instantly.layerConfig({ apiKey, userAgent }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.merge(
      Layer.effect(
        Target,
        Effect.gen(function* () {
          const url = yield* Config.withDefault(Config.string("INSTANTLY_BASE_URL"), "https://api.instantly.ai")
          const workspaceId = yield* Config.option(Config.nonEmptyString("INSTANTLY_WORKSPACE_ID"))
          return { address: normal(url), workspaceId, apiKey, fingerprint: fingerprintOf(apiKey) }
        })
      )
    )
  )

/** It may be shown, because it is made up, like the key it belongs to. */
const leaked = Redacted.make("made-up-and-leaked")

const keys = [
  { days: 800, name: "zapier (old)", scopes: ["campaigns:read", "leads:all"], secret: leaked },
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
    const caller = yield* mock.createApiKey({ name: "caller", scopes: ["api_keys:read", "api_keys:delete"] })
    for (const { days, ...key } of keys) yield* inThePast(days)(mock.createApiKey(key))
    yield* tell(
      `A rehearsal, with ${keys.length + 1} made-up keys in this process. Nothing leaves this machine.`,
      `When you are asked for a leaked secret, paste this one: ${Redacted.value(leaked)}`,
      'It belongs to the key "zapier (old)".'
    )
    return Layer.merge(
      Instantly.layer({ apiKey: caller.secret, baseUrl: "https://rehearsal.invalid", userAgent }),
      Layer.succeed(Target, {
        address: "rehearsal",
        workspaceId: Option.none(),
        apiKey: caller.secret,
        fingerprint: fingerprintOf(caller.secret)
      })
    )
  })
).pipe(Layer.provide(mockLayer({ retryAfter: true })))
