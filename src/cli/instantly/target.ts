/** Which Instantly the tool works on, and with which API key. `rehearsal.ts` has another one, with made-up keys. */
import { createHash } from "node:crypto"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Instantly from "../../Instantly.js"
import { sayCommand } from "../terminal/terminal.js"

/** The Instantly that the tool works on, as people see it and as the journal records it. */
export class Target extends Context.Tag("effect-instantly/cli/Target")<
  Target,
  {
    readonly address: string
    /** Whether its keys are made up and end with this process. */
    readonly isRehearsal: boolean
    /** The workspace, if the environment names one. */
    readonly workspaceId: Option.Option<string>
    readonly apiKey: Redacted.Redacted
    /** Distinguishes API keys, and reveals nothing of them. */
    readonly fingerprint: string
  }
>() {}

/** Says which command comes next. After a rehearsal there is none: its keys are gone. */
export const sayNext = (purpose: string, command: string) =>
  Effect.flatMap(Target, ({ isRehearsal }) => (isRehearsal ? Effect.void : sayCommand(purpose, command)))

/** The client adds its own name and version. */
export const userAgent = "cli"

/** 8 hex digits of a hash: far too few to find a secret by. */
export const fingerprintOf = (apiKey: Redacted.Redacted) =>
  createHash("sha256").update(Redacted.value(apiKey).trim()).digest("hex").slice(0, 8)

/** One spelling for each address. The library refuses what is not a URL. */
const normal = (url: string) => (URL.canParse(url) ? new URL(url).href.replace(/\/+$/, "") : url)

/** The address of Instantly, if there is no rehearsal. */
export const address = Effect.map(
  Config.withDefault(Config.string("INSTANTLY_BASE_URL"), "https://api.instantly.ai"),
  normal
)

/** With this API key, at `INSTANTLY_BASE_URL` and in `INSTANTLY_WORKSPACE_ID` if they are set. */
export const live = (apiKey: Redacted.Redacted) =>
  Instantly.layerConfig({ apiKey, userAgent }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.merge(
      Layer.effect(
        Target,
        Effect.gen(function* () {
          const workspaceId = yield* Config.option(Config.nonEmptyString("INSTANTLY_WORKSPACE_ID"))
          return {
            address: yield* address,
            isRehearsal: false,
            workspaceId,
            apiKey,
            fingerprint: fingerprintOf(apiKey)
          }
        })
      )
    )
  )
