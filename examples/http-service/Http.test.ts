import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { HttpApiBuilder, HttpClient, HttpServer } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Redacted } from "effect"
import { type ApiKey, Instantly, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { run } from "../../test/support/process.js"
import { address, served } from "../embedded/served.js"
import { ApiLive } from "./Http.js"

/** Runs an example against a double on a socket, with a key to call with. */
const example = (program: string, args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller" })
    const { code, output } = yield* run(program, args, {
      INSTANTLY_API_KEY: Redacted.value(caller.secret),
      INSTANTLY_BASE_URL: yield* address
    })
    expect(output).not.toContain("made-up-secret")
    return { code, output }
  })

describe("examples/delete.ts", () => {
  it.live("deletes the key it is given", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      expect(yield* example("examples/delete.ts", [leaked.id])).toMatchObject({
        code: 0,
        output: expect.stringContaining("deleted leaked")
      })
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["caller"])
    }).pipe(Effect.provide(served()))
  )
})

describe("examples/own-policy.ts", () => {
  it.live("tries twice at most, and says so", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      yield* mock.script(Fault.next(Fault.loseRequest))
      const { output } = yield* example("examples/own-policy.ts", [leaked.id])
      expect(output).toMatch(/trying again after .*\n.*deleted "leaked"/)
      yield* mock.script(Fault.always(Fault.respond({ status: 503 })))
      const second = yield* example("examples/own-policy.ts", [leaked.id])
      expect(second.output).toContain("the key may be gone: look before you rely on it")
      expect(second.output.match(/trying again/g)).toHaveLength(1)
      expect(yield* mock.arrivals).toHaveLength(4)
    }).pipe(Effect.provide(served()))
  )
})

describe("examples/opentelemetry.ts", () => {
  it.live("prints the span of the call, its metrics and its debug logs", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      yield* mock.script(Fault.next(Fault.respond({ status: 503 })))
      const { code, output } = yield* example("examples/opentelemetry.ts", [leaked.id])
      expect(code).toBe(0)
      for (const part of [
        "deleted leaked",
        "ServerError: next attempt in",
        "name: 'DELETE /api/v2/api-keys/{id}'",
        "name: 'instantly.retry'",
        "'instantly.outcome': 'Applied'",
        "name: 'instantly.requests'",
        "name: 'instantly.permit_wait'"
      ]) {
        expect(output).toContain(part)
      }
    }).pipe(Effect.provide(served()))
  )
})

describe("examples/workspaces.ts", () => {
  it.live("deletes keys in each workspace, and one that refuses leaves the others running", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const paid = yield* mock.createWorkspace({ admin: mock.workspaceId })
      const unpaid = yield* mock.createWorkspace({ admin: mock.workspaceId, paid: false })
      const targets = yield* Effect.forEach([unpaid, paid, unpaid, mock.workspaceId, paid], (workspaceId) =>
        Effect.map(mock.createApiKey({ name: "client", workspaceId }), ({ id }) => `${workspaceId}=${id}`)
      )
      const { code, output } = yield* example("examples/workspaces.ts", targets)
      expect(code).toBe(0)
      expect(output.trim().split("\n").sort()).toEqual(
        [
          ...[unpaid, unpaid].map((id) => `${id}: PaymentRequired`),
          ...[paid, paid, mock.workspaceId].map((id) => `${id}: deleted "client"`)
        ].sort()
      )
    }).pipe(Effect.provide(served()))
  )
})

describe("examples/rotation/main.ts", () => {
  it.live("replaces the key it authenticates with, by one that only the file's owner can read", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "rotation-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const file = join(directory, "key")
      const old = yield* mock.createApiKey({ name: "app", scopes: ["api_keys:all"] })
      const { code, output } = yield* run("examples/rotation/main.ts", [old.id, file], {
        INSTANTLY_API_KEY: Redacted.value(old.secret),
        INSTANTLY_BASE_URL: yield* address
      })
      const keys = yield* mock.apiKeys
      expect(output.trim()).toBe(`Use the successor ${keys[0]?.id}: the old key is gone. Nothing is left over.`)
      expect(code).toBe(0)
      expect(keys).toMatchObject([{ name: expect.stringMatching(/^app \d{4}-/), scopes: ["api_keys:all"] }])
      expect(readFileSync(file, "utf8")).toBe(`${keys.map(({ secret }) => Redacted.value(secret))}\n`)
      expect(statSync(file).mode & 0o777).toBe(0o600)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

describe("examples/http-service", () => {
  /** What the service answers, for a key that exists, where Instantly fails like this. */
  const answer = (prepare: (mock: InstantlyMock.Service, id: ApiKey.ApiKeyId) => Effect.Effect<unknown>, id?: string) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      yield* prepare(mock, leaked.id)
      const instantly = Instantly.layer({
        apiKey: caller.secret,
        retryPolicy: RetryPolicy.attempts(2)(RetryPolicy.standard)
      })
      const { dispose, handler } = HttpApiBuilder.toWebHandler(
        Layer.mergeAll(ApiLive, HttpServer.layerContext).pipe(
          Layer.provide(instantly),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, mock.httpClient))
        )
      )
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const response = yield* Effect.promise(() =>
        handler(new Request(`http://localhost/keys/${id ?? leaked.id}`, { method: "DELETE" }))
      )
      const text = yield* Effect.promise(() => response.text())
      expect(text).not.toContain("made-up-secret")
      return { status: response.status, body: text === "" ? {} : JSON.parse(text) }
    }).pipe(Effect.scoped, Effect.provide(InstantlyMock.layer()))

  const failing = (fault: Fault.Fault) => (mock: InstantlyMock.Service) => mock.script(Fault.always(fault))
  const nothing = () => Effect.void

  it.live.each([
    ["a key that is there", nothing, 200, { name: "leaked" }],
    ["a key that is not", (mock: InstantlyMock.Service, id: ApiKey.ApiKeyId) => mock.deleteApiKey(id), 404, {}],
    [
      "a key that may be gone by this very call",
      (mock: InstantlyMock.Service) => mock.script(Fault.next(Fault.loseResponse)),
      502,
      { _tag: "Unconfirmed", outcome: "Unknown" }
    ],
    [
      "a workspace without a plan",
      (mock: InstantlyMock.Service) => mock.setPaid(false),
      500,
      { _tag: "Misconfigured", because: "plan" }
    ],
    [
      "a limit that is used up",
      failing(Fault.respond({ status: 429, headers: { "retry-after": "90" } })),
      503,
      { _tag: "Busy", retryAfterSeconds: 90 }
    ],
    [
      "an answer that cannot be read",
      failing(Fault.respond({ status: 200, body: "<html>" })),
      502,
      { _tag: "Unconfirmed", outcome: "Applied" }
    ],
    [
      "an answer of something else",
      failing(Fault.respond({ status: 403, body: "error code: 1010" })),
      502,
      { _tag: "Unconfirmed", outcome: "NotApplied" }
    ],
    ["a server that fails", failing(Fault.respond({ status: 500 })), 502, { _tag: "Unconfirmed", outcome: "Unknown" }],
    ["no connection", failing(Fault.refuse), 504, { _tag: "NoAnswer", outcome: "NotApplied" }]
  ] as const)("answers for %s in its own words", ([, prepare, status, body]) =>
    Effect.gen(function* () {
      const result = yield* answer(prepare)
      expect(result.status).toBe(status)
      expect(result.body).toMatchObject(body)
    })
  )

  it.live("does not repeat an id that is none", () =>
    Effect.gen(function* () {
      const result = yield* answer(nothing, "made-up-secret")
      expect(result.status).toBe(400)
    })
  )

  it.live("is a whole program that serves", () =>
    Effect.gen(function* () {
      const { output } = yield* run(
        "examples/http-service/main.ts",
        [],
        { INSTANTLY_API_KEY: "made-up", PORT: "0" },
        (output) => output.includes("Listening on")
      )
      expect(output).toContain("Listening on")
    })
  )
})

describe("examples/embedded/main.ts", () => {
  const hasCurl = spawnSync("curl", ["--version"]).status === 0

  it.live.skipIf(!hasCurl)("serves the double, and the curl lines that it prints work", () =>
    Effect.gen(function* () {
      const lines = yield* Deferred.make<ReadonlyArray<string>>()
      const server = yield* Effect.fork(
        run("examples/embedded/main.ts", [], { PORT: "0" }, (output) => {
          const curl = output.split("\n").filter((line) => line.startsWith("curl "))
          if (curl.length === 2) Deferred.unsafeDone(lines, Effect.succeed(curl))
          return false
        })
      )
      const [remove, list] = yield* Deferred.await(lines)
      const shell = (line = "") =>
        Effect.sync(() => execFileSync("sh", ["-c", line], { encoding: "utf8", stdio: "pipe" }))
      expect(JSON.parse(yield* shell(remove))).toMatchObject({ name: "leaked" })
      expect(JSON.parse(yield* shell(list)).items).toMatchObject([{ name: "caller" }])
      yield* Fiber.interrupt(server)
    })
  )
})
