/** Shows what keys did and left behind. Names and user agents are a thief's own words, and are printed as such. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { jsonOf, printJson, wantsJson } from "../terminal/json.js"
import { printable } from "../terminal/printable.js"
import { print, say } from "../terminal/terminal.js"
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
      yield* say(
        ...unnamed.map(
          (id) => `No row of the audit log names the key ${id}: it did nothing that is logged, or the id is wrong.`
        )
      )
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
      else if (created.includes(id)) yield* print(`The key ${id} did nothing that is logged.`)
    }
  })
