import { HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import type { InstantlyMock } from "effect-instantly/testing"
import { get, remove, send, url, withDouble } from "../../support/requests.js"

const envelope = (statusCode: number, error: string, message: string) => ({
  status: statusCode,
  body: { statusCode, error, message }
})

/** A secret of the shape of a real one, which holds this UUID. */
const secretWith = (uuid: string) => Redacted.make(Buffer.from(`${uuid}:nobody's-own`).toString("base64"))

const unknown = "019e18e2-78d4-7322-941a-7384d8969c61"

describe("a missing scope", () => {
  const responses: ReadonlyArray<readonly [string, InstantlyMock.Options, ReturnType<typeof envelope>]> = [
    [
      "the 401 of the live API, which lists the scope and the key's own",
      {},
      envelope(401, "Unauthorized", "Invalid scope. Required: api_keys:delete. Found: campaigns:all, leads:all")
    ],
    [
      "that 401 without the key's scopes",
      { listsFoundScopes: false },
      envelope(401, "Unauthorized", "Invalid scope. Required: api_keys:delete.")
    ],
    [
      "the 403 of the documents",
      { missingScope: 403 },
      envelope(403, "Forbidden", "The API key lacks the required scope")
    ]
  ]

  it.effect.each(responses)("can be %s", ([, options, response]) =>
    withDouble(options, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey({ scopes: ["campaigns:all", "leads:all"] })
        expect(yield* remove(unknown, secret)).toMatchObject(response)
      })
    )
  )
})

describe("a key that is refused", () => {
  /** What a deleted key, one that never was, and a header without a scheme are responded to. */
  const messages = (options: InstantlyMock.Options) =>
    withDouble(options, (mock) =>
      Effect.gen(function* () {
        const revoked = yield* mock.createApiKey()
        yield* mock.deleteApiKey(revoked.id)
        const unknownKey = secretWith(mock.workspaceId)
        const results = [yield* get(revoked.secret), yield* get(unknownKey)]
        return results.map(({ body, status }) => {
          expect(status).toBe(401)
          return Object(body).message
        })
      })
    )

  it.effect("gets the same words whether it was deleted or never was", () =>
    Effect.gen(function* () {
      expect(yield* messages({})).toEqual(["Invalid API key", "Invalid API key"])
      const other = "Invalid authorization header or API key"
      expect(yield* messages({ unknownKeyMessage: other })).toEqual([other, other])
    })
  )

  it.effect("can get other words if it was deleted", () =>
    Effect.gen(function* () {
      expect(yield* messages({ revokedKeyMessage: "API key revoked" })).toEqual(["API key revoked", "Invalid API key"])
    })
  )
})

describe("a workspace without a plan", () => {
  /** The statuses that a key of such a workspace, a deleted one, one that never was, and a stranger's get. */
  const statuses = (options: InstantlyMock.Options) =>
    withDouble(options, (mock) =>
      Effect.gen(function* () {
        const workspaceId = yield* mock.createWorkspace({ paid: false })
        const living = yield* mock.createApiKey({ workspaceId })
        const deleted = yield* mock.createApiKey({ workspaceId })
        yield* mock.deleteApiKey(deleted.id)
        const stranger = yield* mock.createApiKey()
        const secrets = [living.secret, deleted.secret, secretWith(workspaceId), stranger.secret]
        return yield* Effect.forEach(secrets, (secret) => Effect.map(get(secret), ({ status }) => status))
      })
    )

  it.effect("responds with 402 to its keys alone", () =>
    Effect.gen(function* () {
      expect(yield* statuses({})).toEqual([402, 401, 401, 200])
    })
  )

  it.effect("responds with 402 to any secret that names it if the plan is checked first", () =>
    Effect.gen(function* () {
      expect(yield* statuses({ planChecked: "beforeKey" })).toEqual([402, 402, 402, 200])
      expect(yield* statuses({ planChecked: "beforeKey", uuidInSecret: "key" })).toEqual([402, 402, 402, 200])
    })
  )
})

describe("a secret", () => {
  it.effect.each(["workspace", "key"] as const)("holds the id of its %s", (uuidInSecret) =>
    withDouble({ uuidInSecret }, (mock) =>
      Effect.gen(function* () {
        const key = yield* mock.createApiKey()
        const id = uuidInSecret === "workspace" ? mock.workspaceId : key.id
        expect(atob(Redacted.value(key.secret))).toMatch(new RegExp(`^${id}:madeup[0-9A-Za-z]{6}$`))
      })
    )
  )

  it.effect("is refused when it is sent decoded", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const { secret } = yield* mock.createApiKey()
        expect((yield* get(Redacted.make(atob(Redacted.value(secret))))).status).toBe(401)
      })
    )
  )

  it.effect("is one that no other key has", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const made = yield* Effect.replicateEffect(mock.createApiKey(), 20_000)
        expect(new Set(made.map(({ secret }) => Redacted.value(secret))).size).toBe(20_000)
      })
    )
  )

  it.effect("works as soon as a request has created it", () =>
    withDouble({}, (mock) =>
      Effect.gen(function* () {
        const caller = yield* mock.createApiKey()
        const body = HttpClientRequest.bodyUnsafeJson({ name: "made", scopes: ["api_keys:read"] })
        const created = yield* send(HttpClientRequest.post(url).pipe(body), caller.secret)
        expect((yield* get(Redacted.make(Object(created.body).key))).status).toBe(200)
      })
    )
  )
})
