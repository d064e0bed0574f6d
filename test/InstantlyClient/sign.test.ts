import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted, Ref, Schedule } from "effect"
import { Fault } from "effect-instantly/testing"
import pkg from "../../package.json" with { type: "json" }
import { inVirtualTime } from "../support/virtual.js"
import { listing, withMock } from "../support/withMock.js"

const token = Redacted.make("made-up-token")

describe("a request", () => {
  it.effect("is addressed and signed, and nothing else is added", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          yield* Effect.ignore(remove)
          const [arrival] = yield* mock.arrivals
          expect(arrival?.headers).toEqual({
            accept: "application/json",
            authorization: "<redacted>",
            "user-agent": `effect-instantly/${pkg.version} my-app/1.0`,
            "x-as-workspace": "made-up-workspace"
          })
        }),
      { userAgent: "my-app/1.0", workspaceId: " made-up-workspace " }
    )
  )

  it.effect("takes the token anew for each attempt, and trims it", () =>
    Effect.gen(function* () {
      const asked = yield* Ref.make(0)
      yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.createApiKey({ secret: Redacted.make("made-up-second") })
            yield* mock.script(Fault.next(Fault.loseRequest))
            yield* inVirtualTime(remove)
            expect(yield* Ref.get(asked)).toBe(2)
          }),
        {
          apiKey: Effect.map(
            Ref.updateAndGet(asked, (n) => n + 1),
            (n) => Redacted.make(n === 1 ? "made-up-first" : " made-up-second\n")
          )
        }
      )
    })
  )

  it.effect("is not sent with an unusable token, and not tried again", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({ _tag: "TransportError", reason: "NotSent", outcome: "NotApplied", attempts: 0 })
          expect(error.isRetryable).toBe(false)
          expect(error.message).not.toContain("made-up")
          expect(yield* mock.arrivals).toEqual([])
        }),
      { apiKey: Effect.succeed(Redacted.make("made-up\ntoken")), retryPolicy: Schedule.forever }
    )
  )

  it.effect.each([
    ["https://proxy.example/instantly//", "proxy.example/instantly"],
    ["https://proxy.example/", "proxy.example"],
    ["http://127.0.0.1:8080", "127.0.0.1:8080"]
  ] as const)("goes to %s", ([baseUrl, at]) =>
    Effect.gen(function* () {
      const urls = yield* Ref.make<ReadonlyArray<string>>([])
      yield* withMock(({ execute }) => Effect.ignore(listing(execute)), {
        baseUrl,
        transformClient: HttpClient.tapRequest(({ url }) => Ref.update(urls, (before) => [...before, url]))
      })
      expect((yield* Ref.get(urls)).map((url) => url.replace(/^https?:\/\//, ""))).toEqual([`${at}/api/v2/api-keys`])
    })
  )

  it.effect("carries the app's name, trimmed, or the library's name alone", () =>
    Effect.gen(function* () {
      const agent = (userAgent?: string) =>
        withMock(
          ({ execute, mock }) =>
            Effect.gen(function* () {
              yield* listing(execute)
              return (yield* mock.arrivals)[0]?.headers["user-agent"]
            }),
          { userAgent }
        )
      expect(yield* agent(" my app/1.0 ")).toBe(`effect-instantly/${pkg.version} my app/1.0`)
      expect(yield* agent()).toBe(`effect-instantly/${pkg.version}`)
    })
  )

  it.effect("stays on Instantly's host even if its path lacks the slash", () =>
    Effect.gen(function* () {
      const hosts = yield* Ref.make<ReadonlyArray<string>>([])
      yield* withMock(
        ({ execute }) => Effect.ignore(execute(HttpClientRequest.get("@evil.example/"), () => Effect.void)),
        {
          transformClient: HttpClient.tapRequest(({ url }) =>
            Ref.update(hosts, (before) => [...before, new URL(url).host])
          )
        }
      )
      expect(yield* Ref.get(hosts)).toEqual(["api.instantly.ai"])
    })
  )

  it.effect("whose URL is not valid is never sent, and not tried again", () =>
    withMock(
      ({ mock, remove }) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(remove)
          expect(error).toMatchObject({
            _tag: "TransportError",
            reason: "NotSent",
            detail: "its URL is not valid",
            outcome: "NotApplied",
            attempts: 1,
            heldBack: true
          })
          expect(yield* mock.arrivals).toEqual([])
        }),
      {
        retryPolicy: Schedule.forever,
        transformClient: HttpClient.mapRequest(HttpClientRequest.setUrl("https://made up"))
      }
    )
  )
})

describe("a defect of the effect that gives the token", () => {
  const dying = (message: string) => Effect.die(new Error(message))

  it.effect("holds the request back, and earlier attempts are remembered", () =>
    Effect.gen(function* () {
      const asked = yield* Ref.make(0)
      const apiKey = Effect.flatMap(
        Ref.updateAndGet(asked, (n) => n + 1),
        (n) => (n === 1 ? Effect.succeed(token) : dying("canary"))
      )
      yield* withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(Fault.next(Fault.loseResponse))
            const error = yield* Effect.flip(inVirtualTime(remove))
            expect(error).toMatchObject({ reason: "NotSent", outcome: "Unknown", attempts: 1, heldBack: true })
          }),
        { apiKey }
      )
    })
  )
})
