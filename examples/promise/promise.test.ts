import { Writable } from "node:stream"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { runExample } from "../../test/support/example.js"
import { run } from "../../test/support/process.js"
import { address, served } from "../embedded/served.js"
import { Aborted, type Connection, connect, NotAnId } from "./connect.js"
import { makeServer } from "./server.js"

/** Sockets have a turn before each look, which an effect that is repeated by itself would not give them. */
const look = <A>(effect: Effect.Effect<A>) =>
  Effect.zipRight(
    Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void))),
    effect
  )

/** A connection to the double on a socket, and a key to delete. */
const connected = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey({ name: "caller" })
  const leaked = yield* mock.createApiKey({ name: "leaked" })
  const baseUrl = yield* address
  const instantly = yield* Effect.acquireRelease(
    Effect.sync(() => connect({ apiKey: Redacted.value(caller.secret), baseUrl })),
    ({ close }) => Effect.promise(close)
  )
  const untilItArrives = Effect.repeat(look(mock.arrivals), { until: (arrivals) => arrivals.length > 0 })
  return { instantly, leaked, mock, untilItArrives }
})

describe("examples/promise/script.mjs", () => {
  it.live("lists the keys, deletes one, and says of the next deletion what became of it", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      expect((yield* runExample("examples/promise/script.mjs", [])).output).toContain(`${leaked.id} "leaked"\n`)
      expect(yield* runExample("examples/promise/script.mjs", [leaked.id])).toEqual({
        code: 0,
        output: `deleted "leaked"\n`
      })
      const again = yield* runExample("examples/promise/script.mjs", [leaked.id])
      expect(again).toEqual({
        code: 1,
        output: expect.stringMatching(/^Instantly finds nothing.*Nothing was changed\.\n$/s)
      })
    }).pipe(Effect.provide(served()))
  )

  it.live("says only what is wrong with a setting, where there is no outcome", () =>
    Effect.gen(function* () {
      const environment = { INSTANTLY_API_KEY: "made-up-secret", INSTANTLY_BASE_URL: "http://example.com" }
      const { code, output } = yield* run("examples/promise/script.mjs", [], environment)
      expect(code).toBe(1)
      expect(output).toMatch(/^[^\n]+\n$/)
      expect(output).not.toContain("undefined")
    })
  )

  it.live("finds its error in a rejection of `runPromise`", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* mock.script(Fault.next(Fault.respond({ status: 401, body: unauthorized })))
      expect(yield* runExample("examples/promise/script.mjs", [])).toEqual({
        code: 1,
        output: "INSTANTLY_API_KEY is not accepted.\nNothing was changed.\n"
      })
    }).pipe(Effect.provide(served()))
  )
})

const unauthorized = JSON.stringify({ statusCode: 401, error: "Unauthorized", message: "made up" })

describe("a deletion by promise", () => {
  it.live("that is aborted while a response is awaited is rejected with the outcome Unknown", () =>
    Effect.gen(function* () {
      const { instantly, leaked, mock, untilItArrives } = yield* connected
      yield* mock.script(Fault.next(Fault.swallowResponse))
      const controller = new AbortController()
      const rejected = instantly.revoke(leaked.id, { signal: controller.signal }).catch((e: unknown) => e)
      yield* untilItArrives
      controller.abort()
      const error = yield* Effect.promise(() => rejected)
      expect(error).toEqual(new Aborted("Unknown"))
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("of what is not an id is rejected as such, even if it is aborted", () =>
    Effect.gen(function* () {
      const { instantly } = yield* connected
      const error = yield* Effect.promise(() =>
        instantly.revoke("made-up-secret", { signal: AbortSignal.abort() }).catch((e: unknown) => e)
      )
      expect(error).toEqual(new NotAnId())
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("that is aborted before it begins is rejected with the outcome NotApplied", () =>
    Effect.gen(function* () {
      const { instantly, leaked, mock } = yield* connected
      const error = yield* Effect.promise(() =>
        instantly.revoke(leaked.id, { signal: AbortSignal.abort() }).catch((e: unknown) => e)
      )
      expect(error).toEqual(new Aborted("NotApplied"))
      expect(yield* mock.arrivals).toEqual([])
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("examples/promise/main.ts", () => {
  const key = { INSTANTLY_API_KEY: "made-up-secret" }

  it.live("listens, and says which settings it needs", () =>
    Effect.gen(function* () {
      const listening = yield* run(
        "examples/promise/main.ts",
        [],
        { ...key, SERVICE_TOKEN: "made-up-token", PORT: "0" },
        (output) => output.includes("Server listening at http://127.0.0.1:")
      )
      expect(listening).toEqual({ code: 0, output: expect.not.stringContaining("made-up-") })
      expect(yield* run("examples/promise/main.ts", [], key)).toEqual({
        code: 1,
        output: expect.stringContaining("SERVICE_TOKEN")
      })
    })
  )
})

describe("examples/promise/server.ts", () => {
  const headers = { authorization: "Bearer made-up-token" }

  const serverOf = (instantly: Connection, log: Array<string> = []) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const stream = new Writable({ write: (line, _, done) => done(void log.push(String(line))) })
        return makeServer(instantly, { token: "made-up-token", log: stream })
      }),
      (server) => Effect.promise(() => server.close())
    )

  it.live("responds with the deleted key, or with the error, its outcome and a status", () =>
    Effect.gen(function* () {
      const { instantly, leaked, mock } = yield* connected
      const server = yield* serverOf(instantly)
      const ask = (id: string, sent: Record<string, string> = headers) =>
        Effect.map(
          Effect.promise(() => server.inject({ method: "DELETE", url: `/api-keys/${id}`, headers: sent })),
          ({ body, statusCode }) => [statusCode, body === "" ? undefined : JSON.parse(body)] as const
        )
      expect((yield* ask(leaked.id, {}))[0]).toBe(401)
      expect(yield* ask("made-up-secret")).toMatchObject([400, { outcome: "NotApplied" }])
      expect(yield* ask(leaked.id)).toEqual([200, { id: leaked.id, name: "leaked" }])
      expect(yield* ask(leaked.id)).toMatchObject([404, { tag: "NotFound", outcome: "NotApplied" }])
      yield* mock.script(Fault.next(Fault.respond({ status: 302 })))
      expect(yield* ask(leaked.id)).toMatchObject([502, { tag: "UnexpectedStatus", outcome: "NotApplied" }])
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("does not log a secret that was sent in place of an id or a path", () =>
    Effect.gen(function* () {
      const { instantly } = yield* connected
      const log: Array<string> = []
      const server = yield* serverOf(instantly, log)
      for (const url of ["/api-keys/made-up-secret", "/made-up-secret", "/%made-up-secret"]) {
        yield* Effect.promise(() => server.inject({ method: "DELETE", url, headers }))
        yield* Effect.promise(() => server.inject({ method: "DELETE", url }))
      }
      yield* Effect.promise(() => server.listen({ host: "127.0.0.1", port: 0 }))
      expect(log.join("")).toContain("Server listening")
      expect(log.join("")).not.toContain("made-up-")
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("logs what is no error of a deletion, such as a wrong setting", () =>
    Effect.gen(function* () {
      const log: Array<string> = []
      const server = yield* serverOf(connect({ apiKey: "made-up-secret", baseUrl: "http://example.com" }), log)
      const url = "/api-keys/019e18e2-78d4-7322-941a-7384d8969c61"
      const { statusCode } = yield* Effect.promise(() => server.inject({ method: "DELETE", url, headers }))
      expect(statusCode).toBe(500)
      expect(log.join("")).toContain("baseUrl must use https")
      expect(log.join("")).not.toContain("made-up-")
    }).pipe(Effect.scoped)
  )

  it.live("logs the outcome of a deletion whose caller has gone", () =>
    Effect.gen(function* () {
      const { instantly, leaked, mock, untilItArrives } = yield* connected
      const log: Array<string> = []
      const server = yield* serverOf(instantly, log)
      const origin = yield* Effect.promise(() => server.listen({ host: "127.0.0.1", port: 0 }))
      yield* mock.script(Fault.next(Fault.swallowResponse))
      const caller = new AbortController()
      const asked = fetch(`${origin}/api-keys/${leaked.id}`, { method: "DELETE", headers, signal: caller.signal })
      const gone = asked.catch((e: unknown) => e)
      yield* untilItArrives
      caller.abort()
      yield* Effect.promise(() => gone)
      const logged = Effect.sync(() => log.join(""))
      expect(yield* Effect.repeat(look(logged), { until: (text) => text.includes("aborted") })).toContain(
        `"outcome":"Unknown"`
      )
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})
