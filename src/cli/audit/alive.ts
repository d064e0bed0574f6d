/** What is still alive at the end, and the commands that delete it. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type ApiKey, ApiKeyId } from "../../ApiKey.js"
import type { Verdict } from "../instantly/acceptance.js"
import { sayNext, Target } from "../instantly/target.js"
import { jsonOf, printJson, wantsJson } from "../terminal/json.js"
import { printable } from "../terminal/printable.js"
import { say } from "../terminal/terminal.js"
import { codes } from "../usage/exit.js"
import { commandLine } from "../usage/program.js"
import * as Curl from "./curl.js"
import type { CreatedWebhook, Findings } from "./findings.js"
import { type Subject, unknownIn } from "./report.js"

/** What is still alive, for a program to read. */
export class StillAlive extends Schema.TaggedClass<StillAlive>("effect-instantly/cli/StillAlive")("StillAlive", {
  /** Whether the leaked secret is accepted. Null if there is none. */
  secret: Schema.NullOr(Schema.Literal("Accepted", "Refused", "Unknown")),
  /** The ids of the keys that are still listed: those that were audited, and those that they certainly created. */
  keys: Schema.Array(ApiKeyId),
  /** The ids of the listed keys that they perhaps created. */
  perhapsKeys: Schema.Array(ApiKeyId),
  /** How many keys they created that no listed key matches: deleted ones, or ones that the log does not name. */
  unmatchedKeys: Schema.Number,
  /** The ids of the webhooks that they created, as far as the log has them. Nothing shows whether they are still there. */
  webhooks: Schema.Array(Schema.NullOr(Schema.String)),
  /** The ids of the audited keys that no row names. What they left behind is not known. */
  unknown: Schema.Array(ApiKeyId),
  /** Whether the audit log was read to its end, and the keys could be listed. */
  isWhole: Schema.Boolean,
  /** The first moment that was audited. Null if it was the whole log. */
  since: Schema.NullOr(Schema.DateTimeUtc)
}) {}

const toJson = jsonOf(StillAlive)

/** The keys that the findings name and a list shows. */
export const listed = ({ keys }: Findings, listing: ReadonlyArray<ApiKey>, certainty: "Certain" | "Perhaps") => {
  const ids = new Set(
    keys.flatMap((key) => (key.certainty === certainty && Option.isSome(key.id) ? [key.id.value.toLowerCase()] : []))
  )
  return listing.filter(({ id }) => ids.has(id.toLowerCase()))
}

/** `keys` are those that are there now. */
export interface Ending extends Subject {
  /** Whether the keys could be listed. */
  readonly isListed: boolean
  readonly since: Option.Option<DateTime.Utc>
  /** What was found out about the leaked secret. */
  readonly proof: Option.Option<Verdict>
}

export interface Alive {
  readonly secret: "Yes" | "Perhaps" | "No"
  /** The audited keys. */
  readonly themselves: ReadonlyArray<ApiKey>
  readonly certain: ReadonlyArray<ApiKey>
  readonly perhaps: ReadonlyArray<ApiKey>
  readonly unmatched: number
  readonly webhooks: ReadonlyArray<CreatedWebhook>
  readonly unknown: ReadonlyArray<ApiKeyId>
  readonly isWhole: boolean
}

const secretOf = ({ code }: Verdict) =>
  code === codes.gone ? ("No" as const) : code === codes.failed ? ("Yes" as const) : ("Perhaps" as const)

/** What is still alive, as far as the list and the log show it. */
export const aliveOf = (ending: Ending): Alive => {
  const { findings, ids, isListed, keys, proof, reading } = ending
  const audited = new Set(ids.map((id) => id.toLowerCase()))
  const certain = listed(findings, keys, "Certain")
  return {
    secret: Option.match(proof, { onNone: () => "No", onSome: secretOf }),
    themselves: keys.filter((key) => audited.has(key.id.toLowerCase()) && !certain.includes(key)),
    certain,
    perhaps: listed(findings, keys, "Perhaps"),
    unmatched: findings.keys.filter(({ certainty }) => certainty === "None").length,
    webhooks: findings.webhooks,
    unknown: reading === "Whole" ? unknownIn(ending) : [],
    isWhole: reading === "Whole" && isListed
  }
}

const counted = (n: number, one: string, several: string) => (n === 0 ? [] : [n === 1 ? `1 ${one}` : `${n} ${several}`])

/** What is alive or may be. */
const partsOf = ({ certain, perhaps, secret, unmatched, webhooks }: Alive): ReadonlyArray<string> => [
  ...(secret === "No" ? [] : [secret === "Yes" ? "the leaked secret" : "perhaps the leaked secret"]),
  ...certain.map(({ name }) => `the key ${printable(name, 40)}`),
  ...perhaps.map(({ name }) => `perhaps the key ${printable(name, 40)}`),
  ...counted(unmatched, "created key that no listed key matches", "created keys that no listed key matches").map(
    (text) => `perhaps ${text}`
  ),
  ...counted(webhooks.length, "webhook", "webhooks").map((text) => `perhaps ${text}`)
]

/** The last lines, in words. */
export const wordsOf = (alive: Alive, { isListed, reading, since }: Ending): ReadonlyArray<string> => {
  const { isWhole, themselves, unknown } = alive
  const parts = partsOf(alive)
  const from = Option.match(since, { onNone: () => "", onSome: (at) => ` since ${DateTime.formatIsoDateUtc(at)}` })
  return [
    ...(themselves.length === 0
      ? []
      : [`Still listed: ${themselves.map(({ name }) => `the key ${printable(name, 40)}`).join(", ")}.`]),
    ...(unknown.length === 0
      ? []
      : [
          `It is not known what ${unknown.length === 1 ? "this key" : "these keys"} left behind: ${unknown.join(", ")}.`
        ]),
    ...(reading === "Whole"
      ? []
      : [
          `It is not known what else is alive, because the audit log was not read${reading === "Part" ? " to its end" : ""}.`
        ]),
    ...(isListed ? [] : ["It is not known which keys are alive, because the keys could not be listed."]),
    ...(parts.length > 0
      ? [`STILL ALIVE: ${parts.join(", ")}.`]
      : isWhole && unknown.length === 0
        ? [`The audit log shows nothing that these keys created${from} and that is still alive.`]
        : [])
  ]
}

const idsOf = (keys: ReadonlyArray<ApiKey>) => keys.map(({ id }) => id)

const sayRevoke = (what: string, keys: ReadonlyArray<ApiKey>) => {
  const [first] = keys
  if (first === undefined) return Effect.void
  const them = keys.length === 1 ? `the key ${printable(first.name, 30)}` : `those ${keys.length} keys`
  return sayNext(`To delete ${them}, ${what}:`, commandLine("revoke", ...idsOf(keys)))
}

const sayDeletion = (webhooks: ReadonlyArray<CreatedWebhook>) =>
  Effect.gen(function* () {
    const deletion = yield* Curl.deletionOf(webhooks.flatMap(({ id }) => Option.toArray(id)))
    if (Option.isNone(deletion)) return
    const { command, count } = deletion.value
    const all = webhooks.length === 1 ? "that webhook" : "those webhooks"
    const them = count === webhooks.length ? all : `${count} of those ${webhooks.length} webhooks`
    yield* sayNext(
      `To delete ${them}, with an API key that has webhooks:delete (a 404 means that it is not there):`,
      command
    )
  })

/** The end of the report: the commands that delete what is still alive, and what that is. */
export const sayAlive = (ending: Ending, json: boolean) =>
  Effect.gen(function* () {
    const { ids, proof, reading, since } = ending
    const { isRehearsal } = yield* Target
    const alive = aliveOf(ending)
    yield* sayRevoke("created with it", alive.certain)
    yield* sayRevoke("perhaps created with it", alive.perhaps)
    yield* sayDeletion(alive.webhooks)
    if (reading !== "Whole" && ids.length > 0) {
      yield* sayNext(
        "To audit it later, with an API key that has audit_logs:read and api_keys:read:",
        commandLine("audit", ...ids)
      )
    }
    if (isRehearsal && partsOf(alive).length > 0)
      yield* say("A real run prints the commands that delete what is alive.")
    if (yield* wantsJson(json)) {
      const { certain, isWhole, perhaps, themselves, unknown, unmatched, webhooks } = alive
      const stillAlive = new StillAlive({
        secret: Option.getOrNull(Option.map(proof, ({ state }) => state)),
        keys: idsOf([...themselves, ...certain]),
        perhapsKeys: idsOf(perhaps),
        unmatchedKeys: unmatched,
        webhooks: webhooks.map(({ id }) => Option.getOrNull(id)),
        unknown,
        isWhole,
        since: Option.getOrNull(since)
      })
      yield* Effect.flatMap(toJson(stillAlive), printJson)
    }
    yield* say(...wordsOf(alive, ending))
  })
