/** Shows what keys did and left behind. Names and user agents are a thief's own words, and are printed as such. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ApiKey } from "../../ApiKey.js"
import { sayNext } from "../instantly/target.js"
import { jsonOf, printJson, wantsJson } from "../terminal/json.js"
import { printable } from "../terminal/printable.js"
import { print, say } from "../terminal/terminal.js"
import { commandLine } from "../usage/program.js"
import * as Curl from "./curl.js"
import { Activity, CreatedKey, CreatedWebhook, type Findings } from "./findings.js"
import { withCommas } from "./trail.js"

const toJson = jsonOf(Schema.Union(Activity, CreatedKey, CreatedWebhook))

const minuteOf = (at: DateTime.Utc) => DateTime.formatIso(at).slice(0, 16).replace("T", " ")

const times = (n: number) => (n === 1 ? "once" : `${withCommas(n)} times`)

const activityLines = ({ activity, affected, first, ipAddress, last, name, times: n, userAgent }: Activity) => {
  const what = Option.getOrElse(name, () => `activity ${activity}, which Instantly does not document`)
  const items = affected > 0 ? `, ${withCommas(affected)} ${affected === 1 ? "item" : "items"}` : ""
  const to = minuteOf(last) === minuteOf(first) ? "" : ` to ${minuteOf(last)}`
  return [
    `  ${what} ${times(n)}${items}, ${minuteOf(first)}${to} UTC`,
    `    from ${printable(ipAddress, 45)} by ${printable(userAgent, 40)}`
  ]
}

const keyLines = ({ at, certainty, id, name }: CreatedKey): ReadonlyArray<string> => {
  if (Option.isNone(id)) return [`  a key, created ${minuteOf(at)} UTC. It is not listed; it may be gone.`]
  const how = certainty === "Certain" ? "the key" : "perhaps the key"
  return [
    `  ${how} ${printable(
      Option.getOrElse(name, () => ""),
      32
    )}, created ${minuteOf(at)} UTC`,
    ...(certainty === "Certain" ? [] : ["    which is within five seconds of the row:"]),
    `    ${id.value}`
  ]
}

const webhookLines = ({ at, id }: CreatedWebhook) =>
  Option.match(id, {
    onNone: () => [`  a webhook, created ${minuteOf(at)} UTC, whose id is not shown`],
    onSome: (id) => [
      `  a webhook, created ${minuteOf(at)} UTC; it may still be there`,
      `    ${printable(id, 40).slice(1, -1)}`
    ]
  })

/** In words: what the key with this id did. */
const wordsOf = (id: string, { activities, keys, webhooks }: Findings) => {
  const own = activities.filter(({ keyId }) => keyId === id)
  const left = [
    ...keys.filter(({ by }) => by === id).flatMap(keyLines),
    ...webhooks.filter(({ by }) => by === id).flatMap(webhookLines)
  ]
  return [
    ...(own.length === 0 ? [] : [`What the key ${id} did:`]),
    ...own.flatMap(activityLines),
    ...(left.length === 0 ? [] : ["It created, and what it created outlives it:", ...left])
  ]
}

/** Prints the findings about these keys, and about each key that they certainly created. */
export const show = (findings: Findings, ids: ReadonlyArray<string>, json: boolean) =>
  Effect.gen(function* () {
    const { activities, keys, webhooks } = findings
    const given = ids.map((id) => id.toLowerCase())
    const unnamed = given.filter((id) => wordsOf(id, findings).length === 0)
    if (unnamed.length > 0) {
      yield* say(...unnamed.map((id) => `No row of the audit log names the key ${id}. Check that the id is right.`))
    }
    if (yield* wantsJson(json)) {
      yield* Effect.forEach([...activities, ...keys, ...webhooks], (one) => Effect.flatMap(toJson(one), printJson))
      return
    }
    const created = keys.flatMap(({ certainty, id }) =>
      certainty === "Certain" && Option.isSome(id) ? [id.value.toLowerCase()] : []
    )
    for (const id of new Set([...given, ...created])) {
      const lines = wordsOf(id, findings)
      if (lines.length > 0) yield* print(lines.join("\n"))
    }
  })

/** The keys that the findings name and a list shows. */
export const listed = ({ keys }: Findings, listing: ReadonlyArray<ApiKey>, certainty: "Certain" | "Perhaps") => {
  const ids = new Set(
    keys.flatMap((key) => (key.certainty === certainty && Option.isSome(key.id) ? [key.id.value.toLowerCase()] : []))
  )
  return listing.filter(({ id }) => ids.has(id.toLowerCase()))
}

/** The commands that delete what is still alive. */
const sayCommands = (certain: ReadonlyArray<ApiKey>, perhaps: ReadonlyArray<ApiKey>, webhooks: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const revoke = (keys: ReadonlyArray<ApiKey>) => commandLine("revoke", ...keys.map(({ id }) => id))
    if (certain.length > 0)
      yield* sayNext(`To delete ${certain.length === 1 ? "that key" : "those keys"}:`, revoke(certain))
    if (perhaps.length > 0) yield* sayNext("To delete what was perhaps created with it:", revoke(perhaps))
    const deletion = yield* Curl.deletionOf(webhooks)
    if (Option.isSome(deletion))
      yield* sayNext("To delete the webhooks, with an API key that has webhooks:delete:", deletion.value)
  })

/** The last line: what is still alive, after the commands that delete it. */
export const sayAlive = (
  findings: Findings,
  listing: ReadonlyArray<ApiKey>,
  { isSecretAlive, isWhole }: { readonly isSecretAlive: boolean; readonly isWhole: boolean }
) =>
  Effect.gen(function* () {
    const certain = listed(findings, listing, "Certain")
    const perhaps = listed(findings, listing, "Perhaps")
    const { length } = findings.webhooks
    yield* sayCommands(
      certain,
      perhaps,
      findings.webhooks.flatMap(({ id }) => Option.toArray(id))
    )
    const parts = [
      ...(isSecretAlive ? ["the leaked secret"] : []),
      ...certain.map(({ name }) => `the key ${printable(name, 40)}`),
      ...perhaps.map(({ name }) => `perhaps the key ${printable(name, 40)}`),
      ...(length === 0 ? [] : [`perhaps ${length} ${length === 1 ? "webhook" : "webhooks"}`])
    ]
    if (parts.length > 0) yield* say(`STILL ALIVE: ${parts.join(", ")}.`)
    else if (isWhole) yield* say("The audit log shows nothing that these keys created and that is still alive.")
    else yield* say("It is not known what else is alive, because the audit log was not read whole.")
  })
