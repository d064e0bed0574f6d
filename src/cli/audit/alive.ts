/** What is still alive at the end, and the commands that delete it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type ApiKey, ApiKeyId } from "../../ApiKey.js"
import { sayNext, Target } from "../instantly/target.js"
import { jsonOf, printJson, wantsJson } from "../terminal/json.js"
import { printable } from "../terminal/printable.js"
import { say } from "../terminal/terminal.js"
import { codes } from "../usage/exit.js"
import { commandLine } from "../usage/program.js"
import * as Curl from "./curl.js"
import type { Findings } from "./findings.js"

/** The same for a program to read. */
export class StillAlive extends Schema.TaggedClass<StillAlive>("effect-instantly/cli/StillAlive")("StillAlive", {
  /** Whether the leaked secret is still accepted. */
  secret: Schema.Boolean,
  /** The ids of the keys that are still listed: those that were audited, and those that were certainly created with one. */
  keys: Schema.Array(ApiKeyId),
  /** The ids of the listed keys that were perhaps created with one. */
  perhapsKeys: Schema.Array(ApiKeyId),
  /** The ids of the webhooks that were created, as far as the log has them. Nothing shows whether they are still there. */
  webhooks: Schema.Array(Schema.NullOr(Schema.String)),
  /** Whether the audit log was read to its end. */
  isWhole: Schema.Boolean
}) {}

const toJson = jsonOf(StillAlive)

/** The keys that the findings name and a list shows. */
export const listed = ({ keys }: Findings, listing: ReadonlyArray<ApiKey>, certainty: "Certain" | "Perhaps") => {
  const ids = new Set(
    keys.flatMap((key) => (key.certainty === certainty && Option.isSome(key.id) ? [key.id.value.toLowerCase()] : []))
  )
  return listing.filter(({ id }) => ids.has(id.toLowerCase()))
}

export interface Ending {
  /** The ids of the keys that were audited. */
  readonly ids: ReadonlyArray<ApiKeyId>
  readonly findings: Findings
  /** The keys that are there now. */
  readonly keys: ReadonlyArray<ApiKey>
  /** The exit code of reading the audit log. */
  readonly code: number
  readonly isSecretAlive: boolean
  readonly json: boolean
}

const idsOf = (keys: ReadonlyArray<ApiKey>) => keys.map(({ id }) => id)

const sayRevoke = (what: string, keys: ReadonlyArray<ApiKey>) => {
  const [first] = keys
  if (first === undefined) return Effect.void
  const them = keys.length === 1 ? `the key ${printable(first.name, 30)}` : `those ${keys.length} keys`
  return sayNext(`To delete ${them}, ${what}:`, commandLine("revoke", ...idsOf(keys)))
}

/** The last lines: the commands that delete what is still alive, and what that is. */
export const sayAlive = ({ code, findings, ids, isSecretAlive, json, keys }: Ending) =>
  Effect.gen(function* () {
    const { isRehearsal } = yield* Target
    const audited = new Set(ids.map((id) => id.toLowerCase()))
    const certain = listed(findings, keys, "Certain")
    const perhaps = listed(findings, keys, "Perhaps")
    const themselves = keys.filter((key) => audited.has(key.id.toLowerCase()) && !certain.includes(key))
    const { webhooks } = findings
    const isWhole = code === codes.gone
    const parts = [
      ...(isSecretAlive ? ["the leaked secret"] : []),
      ...themselves.map(({ name }) => `the key ${printable(name, 40)} itself`),
      ...certain.map(({ name }) => `the key ${printable(name, 40)}`),
      ...perhaps.map(({ name }) => `perhaps the key ${printable(name, 40)}`),
      ...(webhooks.length === 0 ? [] : [`perhaps ${webhooks.length} ${webhooks.length === 1 ? "webhook" : "webhooks"}`])
    ]

    yield* sayRevoke("created with it", certain)
    yield* sayRevoke("perhaps created with it", perhaps)
    const deletion = yield* Curl.deletionOf(webhooks.flatMap(({ id }) => Option.toArray(id)))
    if (Option.isSome(deletion)) {
      const them = webhooks.length === 1 ? "that webhook" : "those webhooks"
      yield* sayNext(
        `To delete ${them}, with an API key that has webhooks:delete (a 404 means that it is not there):`,
        deletion.value
      )
    }
    if (!isWhole && ids.length > 0) {
      yield* sayNext(
        "To audit it later, with an API key that has audit_logs:read and api_keys:read:",
        commandLine("audit", ...ids)
      )
    }
    if (isRehearsal && parts.length > 0) yield* say("A real run prints the commands that delete what is alive.")

    if (yield* wantsJson(json)) {
      const alive = new StillAlive({
        secret: isSecretAlive,
        keys: idsOf([...themselves, ...certain]),
        perhapsKeys: idsOf(perhaps),
        webhooks: webhooks.map(({ id }) => Option.getOrNull(id)),
        isWhole
      })
      yield* Effect.flatMap(toJson(alive), printJson)
    }
    if (!isWhole) {
      const end = code === codes.unauthorized ? "" : " to its end"
      yield* say(`It is not known what else is alive, because the audit log was not read${end}.`)
    }
    if (parts.length > 0) yield* say(`STILL ALIVE: ${parts.join(", ")}.`)
    else if (isWhole) yield* say("The audit log shows nothing that these keys created and that is still alive.")
  })
