import { describe, expect, it } from "@effect/vitest"
import { DateTime, Option } from "effect"
import { ApiKey } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { findingsOf } from "../../../src/cli/audit/findings.js"
import { keyCreated, type Row, webhookCreated } from "../../../src/cli/audit/log.js"

const start = DateTime.unsafeMake("2026-01-01T00:00:00Z")
const after = (seconds: number) => DateTime.add(start, { seconds })
const idOf = (n: number) => ApiKey.ApiKeyId.make(`019e18e2-78d4-7322-941a-${String(n).padStart(12, "0")}`)
const keyAt = (n: number, seconds: number, name = `key ${n}`) =>
  InstantlyMock.apiKey({ id: idOf(n), name, createdAt: after(seconds) })

const [leaked, second, third] = [idOf(1), idOf(2), idOf(3)]

let rows = 0
const row = (fields: Partial<Row>): Row => {
  rows += 1
  return {
    id: `row ${rows}`,
    at: start,
    activity: 34,
    keyId: Option.some(leaked),
    ipAddress: "203.0.113.66",
    userAgent: "curl/8.5.0",
    affected: 0,
    webhookId: Option.none(),
    uuids: [],
    ...fields
  }
}
const creation = (fields: Partial<Row>) => row({ activity: keyCreated, ...fields })

describe("what keys did", () => {
  it("is one activity for each kind, address and user agent, the earliest first", () => {
    const { activities } = findingsOf(
      [
        row({ at: after(60), affected: 5 }),
        row({ at: after(10), affected: 2 }),
        row({ at: after(5), ipAddress: "198.51.100.7" }),
        row({ at: after(1), userAgent: "zapier" }),
        row({ at: after(0), activity: 99 }),
        row({ at: after(0), keyId: Option.some(second) }),
        row({ at: after(0), keyId: Option.none() })
      ],
      [leaked.toUpperCase()],
      []
    )
    expect(
      activities.map(({ activity, affected, ipAddress, name, times }) => [
        activity,
        Option.getOrNull(name),
        ipAddress,
        times,
        affected
      ])
    ).toEqual([
      [99, null, "203.0.113.66", 1, 0],
      [34, "Lead exported", "203.0.113.66", 1, 0],
      [34, "Lead exported", "198.51.100.7", 1, 0],
      [34, "Lead exported", "203.0.113.66", 2, 7]
    ])
    expect(activities[3]).toMatchObject({ first: after(10), last: after(60) })
  })
})

describe("a key that was created with another one", () => {
  const found = (row: Row, keys: ReadonlyArray<ApiKey.ApiKey>) =>
    findingsOf([row], [leaked], [keyAt(1, -1000), ...keys]).keys.map(({ certainty, id }) => [
      certainty,
      Option.getOrNull(id)
    ])

  it("is certain where its id is anywhere in the metadata", () => {
    expect(found(creation({ uuids: [second] }), [keyAt(2, 30)])).toEqual([["Certain", second]])
  })

  it("is perhaps one that was created within five seconds of the row", () => {
    expect(found(creation({}), [keyAt(2, 5), keyAt(3, -5), keyAt(4, 6)])).toEqual([
      ["Perhaps", second],
      ["Perhaps", third]
    ])
  })

  it("is not listed, and so stands alone, in all other cases", () => {
    expect(found(creation({}), [keyAt(2, 60)])).toEqual([["None", null]])
    expect(found(creation({ uuids: [third] }), [keyAt(2, 60)])).toEqual([["None", null]])
  })

  it("is not one whose id a thief has given to another key as its name, because that one is older", () => {
    const victim = keyAt(2, -86_400)
    expect(found(creation({ uuids: [second, third] }), [victim, keyAt(3, 0, second)])).toEqual([["Certain", third]])
    expect(found(creation({ uuids: [second] }), [victim])).toEqual([["None", null]])
  })

  it("is not the key that the row is about itself", () => {
    const rows = [creation({ uuids: [leaked] })]
    expect(findingsOf(rows, [leaked], [keyAt(1, 0)]).keys).toMatchObject([{ certainty: "None" }])
  })

  it("is certain even if another row made it perhaps, and is there once", () => {
    const rows = [creation({ at: after(1) }), creation({ uuids: [second] })]
    expect(findingsOf(rows, [leaked], [keyAt(2, 1)]).keys).toMatchObject([{ certainty: "Certain" }])
  })

  it("is followed: what it did and created is found, too, but not what a key did that was perhaps created", () => {
    const rows = [
      creation({ uuids: [second] }),
      creation({ keyId: Option.some(second), uuids: [third] }),
      row({ keyId: Option.some(third), activity: webhookCreated, webhookId: Option.some("w") }),
      row({ keyId: Option.some(idOf(4)) })
    ]
    const { activities, keys, webhooks } = findingsOf(rows, [leaked], [keyAt(2, 1), keyAt(3, 1), keyAt(4, 1)])
    expect(keys.map(({ by, id }) => [by, Option.getOrNull(id)])).toEqual([
      [leaked, second],
      [second, third]
    ])
    expect(webhooks).toMatchObject([{ by: third, id: Option.some("w") }])
    expect(activities.map(({ keyId }) => keyId)).toEqual([leaked, second, third])
  })
})
