import { describe, expect, it } from "@effect/vitest"
import { DateTime, Option } from "effect"
import { ApiKey } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { aliveOf, type Ending, wordsOf } from "../../../src/cli/audit/alive.js"
import { CreatedKey, CreatedWebhook } from "../../../src/cli/audit/findings.js"
import * as Report from "../../../src/cli/audit/report.js"

const at = DateTime.unsafeMake("2026-01-01T00:00:00Z")
const leaked = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-000000000001")
const made = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-000000000002")
const backup = InstantlyMock.apiKey({ id: made, name: "backup" })

const created = (certainty: CreatedKey["certainty"]) =>
  new CreatedKey({
    by: leaked,
    at,
    certainty,
    id: certainty === "None" ? Option.none() : Option.some(backup.id),
    name: certainty === "None" ? Option.none() : Option.some("backup")
  })

/** The end of an audit that knows everything and found nothing. */
const nothingFound: Ending = {
  findings: { activities: [], keys: [], webhooks: [] },
  ids: [leaked],
  keys: [],
  known: new Set<string>([leaked]),
  reading: "Whole",
  isListed: true,
  since: Option.none(),
  proof: Option.none()
}
const withKey = (certainty: CreatedKey["certainty"]) => ({ activities: [], keys: [created(certainty)], webhooks: [] })
const webhook = new CreatedWebhook({ by: leaked, at, id: Option.none() })

const lastOf = (fields: Partial<Ending>) => {
  const ending = { ...nothingFound, ...fields }
  return wordsOf(aliveOf(ending), ending).join(" ")
}
const allClear = "The audit log shows nothing that these keys created and that is still alive."

describe("the last words of an audit", () => {
  it("are an all-clear where all is known, and nothing was found", () => {
    expect(lastOf({})).toBe(allClear)
    expect(lastOf({ findings: withKey("Certain") })).toBe(allClear)
    expect(lastOf({ since: Option.some(at) })).toBe(
      "The audit log shows nothing that these keys created since 2026-01-01 and that is still alive."
    )
  })

  it.each<{ readonly what: string; readonly fields: Partial<Ending>; readonly words: string }>([
    {
      what: "a created key is listed",
      fields: { findings: withKey("Certain"), keys: [backup] },
      words: 'the key "backup"'
    },
    {
      what: "one perhaps",
      fields: { findings: withKey("Perhaps"), keys: [backup] },
      words: 'perhaps the key "backup"'
    },
    {
      what: "no listed key matches one",
      fields: { findings: withKey("None") },
      words: "perhaps 1 created key that no"
    },
    {
      what: "it created a webhook",
      fields: { findings: { activities: [], keys: [], webhooks: [webhook] } },
      words: "1 webhook"
    },
    { what: "the keys cannot be listed", fields: { isListed: false }, words: "the keys could not be listed" },
    { what: "the log was read in part", fields: { reading: "Part" }, words: "was not read to its end" },
    { what: "the log was not read", fields: { reading: "Refused" }, words: "the audit log was not read." },
    {
      what: "no row names a deleted key",
      fields: { known: new Set<string>() },
      words: "It is not known what this key left"
    },
    {
      what: "the secret is accepted",
      fields: { proof: Option.some({ state: "Accepted", proof: "", code: 1 }) },
      words: "STILL ALIVE: the leaked secret."
    },
    {
      what: "it is not known whether it is",
      fields: { proof: Option.some({ state: "Unknown", proof: "", code: 3 }) },
      words: "STILL ALIVE: perhaps the leaked secret."
    }
  ])("are no all-clear where $what", ({ fields, words }) => {
    const last = lastOf(fields)
    expect(last).toContain(words)
    expect(last).not.toContain(allClear)
  })
})

describe("what a key did", () => {
  it("is nothing only as far as the log was read", () => {
    expect(Report.wordsOf(nothingFound)).toEqual([`The key ${leaked} did nothing that is logged.`])
    expect(Report.wordsOf({ ...nothingFound, reading: "Part" })).toEqual([
      `The key ${leaked} did nothing in the part of the audit log that was read.`
    ])
  })
})
