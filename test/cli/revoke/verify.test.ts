import { afterAll, beforeAll, describe, expect, it, vi } from "@effect/vitest"
import { Clock, DateTime, Effect, Either, Layer, Option, Redacted } from "effect"
import { ApiKey, Instantly, Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { Target } from "../../../src/cli/instantly/target.js"
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

const target = Layer.succeed(Target, {
  address: "https://api.instantly.ai",
  isRehearsal: false,
  workspaceId: Option.none(),
  apiKey: Redacted.make("made-up-secret"),
  fingerprint: "00000000"
})

describe("verifyDead", () => {
  /** What it ends with for the secret of a key that is deleted or not, and after how many seconds. */
  const dead = (of: "deleted" | "alive" | "left out", faults: ReadonlyArray<Fault.Script> = []) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const { id, secret } = yield* mock.createApiKey({ name: "zapier" })
      const client = Layer.merge(Instantly.layer({ apiKey: caller.secret }), target)
      const keys = yield* Effect.provide(readKeys, client)
      const owner = of === "left out" ? Option.fromNullable(keys.find((key) => key.id === id)) : Option.none()
      if (of === "deleted") yield* mock.deleteApiKey(id)
      yield* mock.script(...faults)
      const before = yield* Clock.currentTimeMillis
      const { code } = yield* Effect.provide(
        verifyDead({ secret, what: "The secret", wasAccepted: true, owner }),
        client
      )
      return [code, Math.round(((yield* Clock.currentTimeMillis) - before) / 1000)]
    }).pipe(Effect.provide(InstantlyMock.layer({ revocationLag: "20 seconds" })), inVirtualTime)

  it.effect("is 0 once the secret is refused, which may take some seconds", () =>
    Effect.gen(function* () {
      expect(yield* dead("deleted")).toEqual([0, 30])
    })
  )

  it.effect("is 1 for a secret that is still accepted after half a minute", () =>
    Effect.gen(function* () {
      expect(yield* dead("alive")).toEqual([1, 30])
    })
  )

  it.effect("does not wait for the secret of a key that was not deleted", () =>
    Effect.gen(function* () {
      expect(yield* dead("left out")).toEqual([1, 0])
    })
  )

  it.effect("is 3 where Instantly cannot be asked", () =>
    Effect.gen(function* () {
      const [code] = yield* dead("deleted", [Fault.always(Fault.respond({ status: 502 }))])
      expect(code).toBe(3)
    })
  )
})
