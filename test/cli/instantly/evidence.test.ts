import { describe, expect, it } from "@effect/vitest"
import { Either, Option, Redacted } from "effect"
import { ApiKey } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { type Abilities, nothing } from "../../../src/cli/instantly/acceptance.js"
import { evidenceOf } from "../../../src/cli/instantly/evidence.js"

const key = (n: number, scopes: ReadonlyArray<string>) =>
  InstantlyMock.apiKey({
    id: ApiKey.ApiKeyId.make(`019e18e2-78d4-7322-941a-00000000000${n}`),
    scopes,
    key: Redacted.make("")
  })

const own = key(1, ["api_keys:all"])
const reader = key(2, ["api_keys:read", "leads:all"])
const all = key(3, ["all:all"])
const other = key(4, ["leads:all"])
const listing = Either.right([own, reader, all, other])

/** The keys that a secret with these abilities can belong to. */
const candidatesOf = (abilities: Abilities, besides: Option.Option<ApiKey.ApiKey> = Option.none()) =>
  evidenceOf(listing, Redacted.make("made-up-secret"), abilities, besides).candidates

describe("the keys that a secret can belong to", () => {
  it("are all but the tool's own where nothing is known", () => {
    expect(candidatesOf(nothing)).toEqual([own, reader, all, other])
    expect(candidatesOf(nothing, Option.some(own))).toEqual([reader, all, other])
  })

  it("can read what the secret has read, and cannot read what it was refused", () => {
    expect(candidatesOf({ ...nothing, reads: new Map([["api_keys", true]]) })).toEqual([own, reader, all])
    expect(candidatesOf({ ...nothing, reads: new Map([["api_keys", false]]) })).toEqual([other])
    const reads = new Map([
      ["api_keys", true],
      ["audit_logs", false]
    ] as const)
    expect(candidatesOf({ ...nothing, reads })).toEqual([own, reader])
  })

  it("have exactly the scopes that Instantly listed, in whatever order", () => {
    const scopes = Option.some(["leads:all", "api_keys:read"])
    const evidence = evidenceOf(listing, Redacted.make("made-up-secret"), { ...nothing, scopes })
    expect(evidence.candidates).toEqual([reader])
    expect(evidence.isNarrowed).toBe(true)
    // Nothing shows that the secret is of this workspace.
    expect(evidence.isAlone).toBe(false)
  })
})
