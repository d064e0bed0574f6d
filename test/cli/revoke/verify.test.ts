import { afterAll, beforeAll, describe, expect, it, vi } from "@effect/vitest"
import { DateTime, Effect, Either, Option } from "effect"
import { ApiKey, Instantly, Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { readKeys } from "../../../src/cli/instantly/workspace.js"
import { codeOf, type Presence, verifyDead, verifyGone } from "../../../src/cli/revoke/verify.js"
import { absent } from "../../support/tool.js"
import { inVirtualTime } from "../../support/virtual.js"

// What the tool says is on this process's own stderr.
beforeAll(() => {
  vi.spyOn(process.stderr, "write").mockReturnValue(true)
})
afterAll(() => {
  vi.restoreAllMocks()
})

const at = DateTime.unsafeMake("2026-01-01T00:00:00Z")
const fields = { at, attempts: 1, message: "", requestId: Option.none<string>() }
const id = ApiKey.ApiKeyId.make(absent)

const deleted = (id: ApiKey.ApiKeyId) => new Revocation.Deleted({ id, at, name: Option.some("a") })
const notFound = (outcome: "NotApplied" | "Unknown") =>
  new Revocation.NotFound({ ...fields, id, error: "NotFound", outcome })
const failed = (error: string) => new Revocation.Failed({ ...fields, id, error })
const unknown = (error: string) => new Revocation.Unknown({ ...fields, id, error })

describe("codeOf", () => {
  it.each([
    // receipt, and its code if the list shows it, does not show it any more, has never shown it, was not checked
    ["deleted", deleted(id), [1, 0, 0, 0]],
    ["not found, after a response was lost", notFound("Unknown"), [1, 0, 0, 3]],
    ["not found", notFound("NotApplied"), [1, 0, 1, 1]],
    ["unknown", unknown("ServerError"), [1, 0, 3, 3]],
    ["unknown, and then unauthorized", unknown("Unauthorized"), [1, 0, 4, 4]],
    ["failed", failed("BadRequest"), [1, 1, 1, 1]],
    ["failed without a plan", failed("PaymentRequired"), [4, 4, 4, 4]],
    ["not sent", new Revocation.Skipped({ id, at, reason: "Unauthorized" }), [4, 4, 4, 4]]
  ] as const)("of a key that was %s follows the list before the response", (_, receipt, codes) => {
    const presences: ReadonlyArray<Presence> = ["Listed", "Gone", "NeverListed", "NotChecked"]
    expect(presences.map((presence) => codeOf(receipt, presence))).toEqual(codes)
  })
})

/** What the list says about a key for which there is a receipt, with this list lag, if it is deleted in the meantime. */
const presenceWith = (options: { readonly listLag?: number; readonly isDeleted: boolean }) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey()
    const { id } = yield* mock.createApiKey()
    return yield* Effect.gen(function* () {
      // The list shows a new key as late as one that is gone.
      yield* Effect.sleep("1 minute")
      const before = yield* Effect.either(readKeys)
      if (options.isDeleted) yield* mock.deleteApiKey(id)
      const verified = yield* verifyGone([deleted(id)], before)
      return Option.map(verified, (presenceOf) => presenceOf(id))
    }).pipe(Effect.provide(Instantly.layer({ apiKey: caller.secret })))
  }).pipe(Effect.provide(InstantlyMock.layer({ listLag: `${options.listLag ?? 0} seconds` })), inVirtualTime)

describe("verifyGone", () => {
  it.effect.each([
    { what: "that is deleted is gone", listLag: 0, isDeleted: true, presence: "Gone" },
    { what: "that a list shows for 15 seconds more is gone", listLag: 15, isDeleted: true, presence: "Gone" },
    { what: "that a list shows for 29 seconds more is gone", listLag: 29, isDeleted: true, presence: "Gone" },
    { what: "that is there after half a minute is listed", listLag: 0, isDeleted: false, presence: "Listed" }
  ])("finds that a key $what", ({ presence, ...options }) =>
    Effect.gen(function* () {
      expect(yield* presenceWith(options)).toEqual(Option.some(presence))
    })
  )

  it.effect("finds nothing where the keys cannot be listed", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
      const verified = yield* Effect.provide(
        verifyGone([deleted(id)], Either.right([])),
        Instantly.layer({ apiKey: caller.secret })
      )
      expect(verified).toEqual(Option.none())
    }).pipe(Effect.provide(InstantlyMock.layer()))
  )
})

describe("verifyDead", () => {
  const dead = (isDeleted: boolean, faults: ReadonlyArray<Fault.Script> = []) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const leaked = yield* mock.createApiKey()
      if (isDeleted) yield* mock.deleteApiKey(leaked.id)
      return yield* Effect.provide(
        verifyDead({ secret: leaked.secret, what: "The secret", wasAccepted: true }),
        Instantly.layer({ apiKey: caller.secret })
      )
    }).pipe(Effect.provide(InstantlyMock.layer({ revocationLag: "20 seconds", faults })), inVirtualTime)

  it.effect("is 0 once the secret is refused, which may take some seconds", () =>
    Effect.gen(function* () {
      expect(yield* dead(true)).toBe(0)
    })
  )

  it.effect("is 1 for a secret that is still accepted after half a minute", () =>
    Effect.gen(function* () {
      expect(yield* dead(false)).toBe(1)
    })
  )

  it.effect("is 3 where Instantly cannot be asked", () =>
    Effect.gen(function* () {
      expect(yield* dead(true, [Fault.always(Fault.respond({ status: 502 }))])).toBe(3)
    })
  )
})
