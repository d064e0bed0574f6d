/** Shows what keys did and left behind. Names and user agents are a thief's own words, and are printed as such. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ApiKey, ApiKeyId } from "../../ApiKey.js"
import { jsonOf, printJson, wantsJson } from "../terminal/json.js"
import { printable } from "../terminal/printable.js"
import { print } from "../terminal/terminal.js"
import { Activity, CreatedKey, CreatedWebhook, type Findings, silentIn } from "./findings.js"
import { type Reading, withCommas } from "./trail.js"

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
  if (Option.isNone(id))
    return [
      `  a key, created ${minuteOf(at)} UTC. It may be gone: it is none of the listed keys, as far as the log shows.`
    ]
  const how = certainty === "Certain" ? "the key" : "perhaps the key"
  return [
    `  ${how} ${printable(
      Option.getOrElse(name, () => ""),
      32
    )}, created ${minuteOf(at)} UTC`,
    ...(certainty === "Certain" ? [] : ["    within five seconds of the row, which does not name it:"]),
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

/** What is reported about. */
export interface Subject {
  readonly findings: Findings
  /** The ids of the keys that are audited. */
  readonly ids: ReadonlyArray<ApiKeyId>
  /** Keys whose names are known. */
  readonly keys: ReadonlyArray<ApiKey>
  readonly reading: Reading
  /** The ids, in lower case, of keys that were listed while the log was read: their rows have their ids. */
  readonly known: ReadonlySet<string>
}

/** The audited keys that no row names, although they may have done something. */
export const unknownIn = ({ findings, ids, known }: Subject) =>
  silentIn(findings, ids).filter((id) => !known.has(id.toLowerCase()))

const nameOf = (id: string, { findings, keys }: Subject) =>
  Option.orElse(Option.fromNullable(keys.find((key) => key.id.toLowerCase() === id)?.name), () =>
    Option.flatMap(
      Option.fromNullable(findings.keys.find((key) => Option.exists(key.id, (one) => one.toLowerCase() === id))),
      ({ name }) => name
    )
  )

/** What the key with this id did, and what it created. */
const linesOf = (id: string, subject: Subject) => {
  const { activities, keys, webhooks } = subject.findings
  const name = Option.match(nameOf(id, subject), { onNone: () => "", onSome: (name) => `, ${printable(name, 20)},` })
  const left = [
    ...keys.filter(({ by }) => by === id).flatMap(keyLines),
    ...webhooks.filter(({ by }) => by === id).flatMap(webhookLines)
  ]
  return [
    `What the key ${id}${name} did:`,
    ...activities.filter(({ keyId }) => keyId === id).flatMap(activityLines),
    ...(left.length === 0 ? [] : ["It created, and what it created outlives it:", ...left])
  ]
}

/** In words: what these keys did, and each key that they certainly created. */
export const wordsOf = (subject: Subject): ReadonlyArray<string> => {
  const { findings, ids, reading } = subject
  const created = findings.keys.flatMap(({ certainty, id }) => (certainty === "Certain" ? Option.toArray(id) : []))
  const all = [...new Map([...ids, ...created].map((id) => [id.toLowerCase(), id])).values()]
  const silent = new Set(silentIn(findings, all))
  const unknown = unknownIn(subject)
  const idle = [...silent].filter((id) => !unknown.includes(id)).map((id) => id.toLowerCase())
  const nothing =
    reading === "Whole" ? "did nothing that is logged" : "did nothing in the part of the audit log that was read"
  return [
    ...all.filter((id) => !silent.has(id)).flatMap((id) => linesOf(id.toLowerCase(), subject)),
    ...idle.map((id) =>
      Option.match(nameOf(id, subject), {
        onNone: () => `The key ${id} ${nothing}.`,
        onSome: (name) => `The key ${printable(name, 40)} ${nothing}.`
      })
    ),
    ...unknown.map(
      (id) =>
        `No row of the audit log names the key ${id}: it did nothing, its rows have lost its id, or the id is wrong.`
    )
  ]
}

/** Prints the findings. */
export const show = (subject: Subject, json: boolean) =>
  Effect.gen(function* () {
    const { activities, keys, webhooks } = subject.findings
    if (yield* wantsJson(json)) {
      yield* Effect.forEach([...activities, ...keys, ...webhooks], (one) => Effect.flatMap(toJson(one), printJson))
    } else yield* print(wordsOf(subject).join("\n"))
  })
