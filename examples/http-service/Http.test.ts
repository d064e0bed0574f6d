import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { HttpApiBuilder, HttpClient, HttpServer } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import {
  ConfigProvider,
  Deferred,
  type Duration,
  Effect,
  Exit,
  Fiber,
  HashMap,
  Layer,
  Logger,
  Queue,
  Redacted,
  Scope
} from "effect"
import { type ApiKey, ApiKeys, Instantly, InstantlyError, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { run } from "../../test/support/process.js"
import { address, served } from "../embedded/served.js"
import { ApiLive } from "./Http.js"

const serviceToken = "made-up-service-token"

const configuration = Layer.setConfigProvider(ConfigProvider.fromMap(new Map([["SERVICE_TOKEN", serviceToken]])))

/** Sends the service a deletion of this id, with these headers. */
const request = (
  id: string,
  apiKeys: Layer.Layer<ApiKeys.ApiKeys>,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${serviceToken}` }
) =>
  Effect.gen(function* () {
    const { dispose, handler } = HttpApiBuilder.toWebHandler(
      Layer.mergeAll(ApiLive, HttpServer.layerContext).pipe(
        Layer.provide([apiKeys, configuration, Logger.remove(Logger.defaultLogger)])
      )
    )
    yield* Effect.addFinalizer(() => Effect.promise(dispose))
    const response = yield* Effect.promise(() =>
      handler(new Request(`http://localhost/keys/${id}`, { method: "DELETE", headers }))
    )
    const text = yield* Effect.promise(() => response.text())
    expect(text).not.toContain("made-up-se")
    return { status: response.status, body: text === "" ? {} : JSON.parse(text) }
  }).pipe(Effect.scoped)

const id = "019e18e2-78d4-7322-941a-7384d8969c61"

/** How the service responds about a key that exists, while Instantly fails like this. */
const responseWhile = (prepare: (mock: InstantlyMock.Service, id: ApiKey.ApiKeyId) => Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
    const leaked = yield* mock.createApiKey({ name: "leaked" })
    yield* prepare(mock, leaked.id)
    const instantly = Instantly.layer({
      apiKey: caller.secret,
      retryPolicy: RetryPolicy.attempts(2)(RetryPolicy.standard)
    })
    return yield* request(
      leaked.id,
      Layer.orDie(Layer.provide(instantly, Layer.succeed(HttpClient.HttpClient, mock.httpClient)))
    )
  }).pipe(Effect.provide(InstantlyMock.layer()))

const failing = (fault: Fault.Fault) => (mock: InstantlyMock.Service) => mock.script(Fault.always(fault))

describe("the response of examples/http-service", () => {
  it.live.each([
    { when: "the key exists", prepare: () => Effect.void, status: 200, body: { name: "leaked" } },
    {
      when: "the key does not exist",
      prepare: (mock: InstantlyMock.Service, id: ApiKey.ApiKeyId) => mock.deleteApiKey(id),
      status: 404,
      body: {}
    },
    {
      when: "this very call may have deleted the key",
      prepare: (mock: InstantlyMock.Service) => mock.script(Fault.next(Fault.loseResponse)),
      status: 502,
      body: { _tag: "Unconfirmed", outcome: "Unknown" }
    },
    {
      when: "the workspace has no plan",
      prepare: (mock: InstantlyMock.Service) => mock.setPaid(false),
      status: 500,
      body: { _tag: "Misconfigured", because: "plan" }
    },
    {
      when: "the limit is used up",
      prepare: failing(Fault.respond({ status: 429, headers: { "retry-after": "90" } })),
      status: 503,
      body: { _tag: "Busy", retryAfterSeconds: 90 }
    },
    {
      when: "Instantly confirms the deletion, and the rest of its response cannot be read",
      prepare: (mock: InstantlyMock.Service, id: ApiKey.ApiKeyId) =>
        mock.script(Fault.next(Fault.respond({ status: 200, body: JSON.stringify({ id }) }))),
      status: 200,
      body: { name: null }
    },
    {
      when: "the key of the service may not delete keys",
      prepare: failing(
        Fault.respond({
          status: 401,
          body: JSON.stringify({
            statusCode: 401,
            error: "Unauthorized",
            message: "Invalid scope. Required: api_keys:delete. Found: leads:all"
          })
        })
      ),
      status: 500,
      body: { _tag: "Misconfigured", because: "scope" }
    },
    {
      when: "a login page responds instead of Instantly",
      prepare: failing(Fault.respond(Fault.responses.captivePortal)),
      status: 502,
      body: { _tag: "Unconfirmed", outcome: "Unknown" }
    },
    {
      when: "a proxy refuses the request",
      prepare: failing(Fault.respond(Fault.responses.blocked)),
      status: 502,
      body: { _tag: "Unconfirmed", outcome: "Unknown" }
    },
    {
      when: "Instantly fails",
      prepare: failing(Fault.respond({ status: 500 })),
      status: 502,
      body: { _tag: "Unconfirmed", outcome: "Unknown" }
    },
    {
      when: "there is no connection",
      prepare: failing(Fault.refuse),
      status: 504,
      body: { _tag: "NoResponse", outcome: "NotApplied" }
    }
  ])("is $status when $when", ({ body, prepare, status }) =>
    Effect.gen(function* () {
      expect(yield* responseWhile(prepare)).toMatchObject({ status, body })
    })
  )

  it.live.each([
    { error: new InstantlyError.BadRequest(), status: 400, body: {} },
    { error: new InstantlyError.Unauthorized(), status: 500, body: { because: "credential" } },
    { error: new InstantlyError.HeldBack(), status: 500, body: { because: "settings" } },
    {
      error: new InstantlyError.Unauthorized({ outcome: "Unknown", attempts: 2 }),
      status: 502,
      body: { _tag: "Unconfirmed", outcome: "Unknown" }
    },
    { error: new InstantlyError.TooManyRequests(), status: 503, body: { retryAfterSeconds: 60 } },
    { error: new InstantlyError.TransportError(), status: 504, body: { _tag: "NoResponse", outcome: "Unknown" } }
  ])("is $status for $error._tag with outcome $error.outcome", ({ body, error, status }) =>
    Effect.gen(function* () {
      const apiKeys = Layer.mock(ApiKeys.ApiKeys, { delete: () => Effect.fail(error) })
      expect(yield* request(id, apiKeys)).toMatchObject({ status, body })
    })
  )

  /** Dies of any deletion, so that a test fails if there is one. */
  const untouched = Layer.mock(ApiKeys.ApiKeys, {})

  it.live("is 400 for an id that is not a UUID, which it does not repeat", () =>
    Effect.gen(function* () {
      expect(yield* request("made-up-secret", untouched)).toMatchObject({ status: 400 })
    })
  )

  it.live.each([
    { what: "no header", headers: {} },
    { what: "an empty header", headers: { authorization: "" } },
    { what: "an empty token", headers: { authorization: "Bearer " } },
    { what: "another token", headers: { authorization: "Bearer made-up-other-token" } },
    { what: "a part of the token", headers: { authorization: `Bearer ${serviceToken.slice(0, -1)}` } },
    { what: "more than the token", headers: { authorization: `Bearer ${serviceToken}x` } },
    { what: "the token in the wrong place", headers: { "x-api-key": serviceToken } }
  ])("is 401 for $what, whether or not the id is a UUID, and nothing is sent to Instantly", ({ headers }) =>
    Effect.gen(function* () {
      expect(yield* request(id, untouched, headers)).toMatchObject({ status: 401 })
      expect(yield* request("not-a-uuid", untouched, headers)).toMatchObject({ status: 401 })
    })
  )
})

describe("a caller that hangs up", () => {
  const hasCurl = spawnSync("curl", ["--version"]).status === 0

  /** The service on a socket, in front of a double that answers when it is let. Its logs are collected. */
  const serving = (deadline: Duration.DurationInput) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.make()
      const caller = yield* mock.createApiKey({ name: "caller" })
      const { id } = yield* mock.createApiKey({ name: "leaked" })
      const answered = yield* Deferred.make<void>()
      const instantly = HttpClient.make((request) =>
        Effect.zipLeft(mock.httpClient.execute(request), Deferred.await(answered))
      )
      const logged = yield* Queue.unbounded<Readonly<Record<string, unknown>>>()
      const logger = Logger.make(({ annotations }) => {
        if (HashMap.has(annotations, "outcome")) logged.unsafeOffer(Object.fromEntries(annotations))
      })
      const scope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
      const context = yield* Layer.buildWithScope(
        HttpApiBuilder.serve().pipe(
          Layer.provide(ApiLive),
          Layer.provide(Instantly.layer({ apiKey: caller.secret, deadline })),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, instantly)),
          Layer.provide(configuration),
          Layer.provideMerge(NodeHttpServer.layer(createServer, { host: "127.0.0.1", port: 0 })),
          Layer.provide(Logger.replace(Logger.defaultLogger, logger))
        ),
        scope
      )
      const url = yield* Effect.provide(HttpServer.addressFormattedWith(Effect.succeed), context)
      const curl = (seconds: number) =>
        Effect.async<number | null>((resume) => {
          const args = ["-sS", "-m", String(seconds), "-X", "DELETE", "-H", `Authorization: Bearer ${serviceToken}`]
          const child = spawn("curl", [...args, `${url}/keys/${id}`], { stdio: "ignore" })
          child.once("close", (code) => resume(Effect.succeed(code)))
        })
      return {
        id,
        mock,
        answer: Deferred.succeed(answered, undefined),
        logged,
        curl,
        shutDown: Scope.close(scope, Exit.void)
      }
    })

  it.scopedLive.skipIf(!hasCurl)("does not stop the deletion, whose outcome is logged", () =>
    Effect.gen(function* () {
      const { answer, curl, id, logged, mock } = yield* serving("1 minute")
      expect(yield* curl(1)).toBe(28) // it has timed out
      yield* answer
      expect(yield* Queue.take(logged)).toEqual({ id, outcome: "Applied" })
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["caller"])
    })
  )

  it.scopedLive.skipIf(!hasCurl)("does not lose the outcome to a shutdown either, which waits for the deletion", () =>
    Effect.gen(function* () {
      const { answer, curl, logged, shutDown } = yield* serving("1 minute")
      yield* curl(1)
      const happened: Array<string> = []
      const closing = yield* Effect.fork(
        Effect.zipRight(
          shutDown,
          Effect.sync(() => happened.push("closed"))
        )
      )
      // Without waiting, it takes a few turns of the sockets.
      const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
      yield* Effect.repeatN(turn, 1000)
      happened.push("answered")
      yield* answer
      yield* Fiber.join(closing)
      expect(happened).toEqual(["answered", "closed"])
      expect(yield* Queue.size(logged)).toBe(1)
    })
  )

  it.scopedLive.skipIf(!hasCurl)("does not keep a deletion going after its deadline, and its outcome is logged", () =>
    Effect.gen(function* () {
      const { curl, id, logged } = yield* serving("2 seconds")
      yield* curl(1)
      expect(yield* Queue.take(logged)).toEqual({ id, outcome: "Unknown" })
    })
  )
})

describe("examples/http-service/main.ts", () => {
  const program = "examples/http-service/main.ts"
  /** The response that stands at the head of the program. */
  const responseOf = (id: string) =>
    /^ \* (\{.*\})$/m.exec(readFileSync(program, "utf8"))?.[1]?.replace("019e18e2-78d4-7322-941a-7384d8969c61", id)

  it.live("listens on this machine alone, and deletes keys for whoever has the token, which it never logs", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ name: "caller" })
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      const listening = yield* Deferred.make<string>()
      let logged = ""
      const environment = {
        INSTANTLY_API_KEY: Redacted.value(caller.secret),
        INSTANTLY_BASE_URL: yield* address,
        SERVICE_TOKEN: serviceToken,
        PORT: "0"
      }
      const service = yield* Effect.fork(
        run(program, [], environment, (output) => {
          logged = output
          const [url] = /http:\/\/[\w.]+:\d+/.exec(output) ?? []
          if (url !== undefined) Deferred.unsafeDone(listening, Effect.succeed(url))
          return false
        })
      )
      const url = yield* Deferred.await(listening)
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/)
      const remove = (headers: Readonly<Record<string, string>>) =>
        Effect.promise(() => fetch(`${url}/keys/${leaked.id}`, { method: "DELETE", headers }))

      expect((yield* remove({})).status).toBe(401)
      expect((yield* remove({ authorization: "Bearer made-up-other-token" })).status).toBe(401)
      expect(yield* mock.arrivals).toEqual([])
      const revoked = yield* remove({ authorization: `Bearer ${serviceToken}` })
      expect([revoked.status, yield* Effect.promise(() => revoked.text())]).toEqual([200, responseOf(leaked.id)])
      expect((yield* remove({ authorization: `Bearer ${serviceToken}` })).status).toBe(404)
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["caller"])

      yield* Fiber.interrupt(service)
      expect(logged).not.toContain("made-up-")
    }).pipe(Effect.provide(served()))
  )

  it.live.each([{ token: {} }, { token: { SERVICE_TOKEN: "" } }])(
    "does not start with $token as its token",
    ({ token }) =>
      Effect.gen(function* () {
        const { code, output } = yield* run(program, [], { INSTANTLY_API_KEY: "made-up", PORT: "0", ...token })
        expect(code).toBe(1)
        expect(output).toContain("SERVICE_TOKEN")
        expect(output).not.toContain("Listening")
      })
  )
})
