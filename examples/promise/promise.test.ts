import { once } from "node:events"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Writable } from "node:stream"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Redacted } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { blocksOf, page, root } from "../../test/docs/pages.js"
import { runExample } from "../../test/support/example.js"
import { run, spawnProgram } from "../../test/support/process.js"
import { address, served } from "../embedded/served.js"
import { type Connection, connect, errorIn, NotAnId } from "./connect.js"
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
  return { instantly, leaked, mock }
})

describe("the programs of examples/promise/README.md", () => {
  const folder = join("test", ".generated", "promise")
  const blocks = blocksOf(page("examples/promise/README.md").text, "ts").map(({ code }) => code)
  const [shared = "", one = "", list = "", policies = "", many = "", testing = ""] = blocks

  const write = (name: string, code: string) => {
    mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, folder, name), code)
    return join(folder, name)
  }
  beforeAll(() => void write("instantly.mjs", shared))
  afterAll(() => rmSync(join(root, folder), { recursive: true, force: true }))

  it.live("delete one key, or many, and list the keys that are left", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const keys = yield* Effect.replicateEffect(mock.createApiKey(), 5)
      const [first = "", second = "", third = "", ...others] = keys.map(({ id }) => id)
      const program = write("one.mjs", one)
      expect(yield* runExample(program, [first])).toEqual({ code: 0, output: "deleted\n" })
      const again = yield* runExample(program, [first])
      expect(again).toEqual({ code: 1, output: expect.stringContaining("outcome NotApplied") })

      const all = yield* runExample(write("many.mjs", many), [second, third])
      expect(all).toEqual({ code: 0, output: expect.stringMatching(/ Deleted\n.* Deleted\n2 of 2 deleted\n$/) })
      const { code, output } = yield* runExample(write("many.mjs", many), [first, ...others])
      expect(code).toBe(1)
      const lines = output.split("\n")
      const tags = [`${first} NotFound`, ...others.map((id) => `${id} Deleted`)]
      expect(lines).toEqual(expect.arrayContaining([...tags, "2 of 3 deleted"]))

      const kept = yield* mock.createApiKey({ name: "kept" })
      const listed = yield* runExample(write("list.mjs", list), [])
      expect(listed.code).toBe(0)
      expect(listed.output.split("\n")).toContain(`${kept.id} kept`)
      expect(listed.output).toMatch(/\nfalse\n$/)
    }).pipe(Effect.provide(served()))
  )

  it.live("say why an id was not sent", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* mock.script(Fault.always(Fault.respond({ status: 401, body: unauthorized })))
      const ids = Array.from({ length: 60 }, () => id)
      const { code, output } = yield* runExample(write("many.mjs", many), ids)
      expect(code).toBe(1)
      expect(output).toContain(`${id} Skipped\nnot sent: Unauthorized\n`)
      expect(output).toMatch(/\n0 of 60 deleted\n$/)
    }).pipe(Effect.provide(served()))
  )

  it.live("say that they stop after Ctrl-C, and give the receipts of the calls under way", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ name: "caller" })
      const keys = yield* Effect.replicateEffect(mock.createApiKey({ name: "leaked" }), 40)
      const stopping = yield* Deferred.make<void>()
      yield* mock.script(Fault.after(1, Fault.always(Fault.delayResponse(Effect.as(Deferred.await(stopping), 0)))))
      const { code, output } = yield* run(
        write("many.mjs", many),
        keys.map(({ id }) => id),
        { INSTANTLY_API_KEY: Redacted.value(caller.secret), INSTANTLY_BASE_URL: yield* address },
        (output) => {
          if (output.includes("stopping")) Deferred.unsafeDone(stopping, Effect.void)
          return output.includes("Deleted")
        },
        "SIGINT"
      )
      expect(code).toBe(1)
      const left = (yield* mock.apiKeys).length - 1
      expect(left).toBeGreaterThan(0)
      expect(output.match(/ Deleted$/gm)).toHaveLength(40 - left)
      expect(output).toContain(`${40 - left} of 40 deleted\n`)
    }).pipe(Effect.provide(served()))
  )

  const id = "019e18e2-78d4-7322-941a-7384d8969c61"
  const key = { INSTANTLY_API_KEY: "made-up-secret" }

  it.live("say in one line what is missing or wrong, and nothing of what they were given", () =>
    Effect.gen(function* () {
      const oneLine = expect.stringMatching(/^(?!.*made-up-)[^\n]+\n$/)
      for (const program of [write("one.mjs", one), write("many.mjs", many)]) {
        expect(yield* run(program, [id])).toEqual({ code: 2, output: oneLine })
        expect(yield* run(program, ["made-up-id"], key)).toEqual({ code: 2, output: oneLine })
        const wrong = yield* run(program, [id], { ...key, INSTANTLY_BASE_URL: "http://example.com" })
        expect(wrong).toEqual({ code: 1, output: oneLine })
        expect(wrong.output).toContain("baseUrl must use https")
      }
    })
  )

  it.live("say what they want in place of a string, in the words of the page", () =>
    Effect.gen(function* () {
      write("settings.mjs", shared.replace("Redacted.make(apiKey)", `"abc"`))
      const untyped = write("untyped.mjs", one.replace("./instantly.mjs", "./settings.mjs"))
      const { code, output } = yield* run(untyped, [id], key)
      expect(code).toBe(1)
      expect(output).toMatch(/^\(Invalid data at apiKey: ".*"\)\n$/)
      expect(page("examples/promise/README.md").text).toContain(`\`${output.trim()}\``)
    })
  )

  it.live("are policies that hold, and a test that passes, and that fails, and ends, if nothing goes wrong", () =>
    Effect.gen(function* () {
      expect((yield* run(write("policies.mjs", policies), [])).code).toBe(0)
      expect((yield* run(write("testing.mjs", testing), [])).code).toBe(0)
      const harmless = testing.replace("Fault.loseResponse", "Fault.delayResponse(0)")
      expect((yield* run(write("harmless.mjs", harmless), [])).code).toBe(1)
    })
  )

  it.live("are a test whose waits take no time, with the words that follow it", () =>
    Effect.gen(function* () {
      const [, words = "?"] =
        /`(Effect\.runPromise\(VirtualTime[^`]*)`/.exec(page("examples/promise/README.md").text) ?? []
      const virtual = testing
        .replace("import { Layer,", "import { Effect, Layer,")
        .replace("InstantlyMock }", "InstantlyMock, VirtualTime }")
        .replace("Fault.next(", "Fault.times(4, ")
        .replace("runtime.runPromise(ApiKeys.delete(leaked.id))", words)
        .replace("const http =", "const id = leaked.id, apiKey = Redacted.value(caller.secret)\n  const http =")
      expect(virtual).toContain(words)
      expect((yield* run(write("virtual.mjs", virtual), [])).code).toBe(0)
    })
  )
})

const consume = async <A>(iterable: AsyncIterable<A>) => {
  const all: Array<A> = []
  for await (const one of iterable) all.push(one)
  return all
}

describe("examples/promise/script.ts", () => {
  const script = "examples/promise/script.ts"

  it.live("lists the keys, deletes those that it is given, and says what became of each", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      const other = yield* mock.createApiKey({ name: "other" })
      expect((yield* runExample(script, [])).output).toContain(`${leaked.id} "leaked"\n`)
      expect(yield* runExample(script, [leaked.id])).toEqual({ code: 0, output: `deleted "leaked"\n` })
      const { code, output } = yield* runExample(script, [leaked.id, other.id])
      expect(code).toBe(1)
      expect(output).toContain(`deleted "other"\n`)
      expect(output).toMatch(new RegExp(`^${leaked.id}: Instantly has nothing with this id`, "m"))
    }).pipe(Effect.provide(served()))
  )

  it.live("after Ctrl-C waits for the calls under way, and sends no more", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ name: "caller" })
      const keys = yield* Effect.replicateEffect(mock.createApiKey({ name: "leaked" }), 40)
      const stopping = yield* Deferred.make<void>()
      const others = Fault.delayResponse(Effect.as(Deferred.await(stopping), 0))
      yield* mock.script(Fault.after(1, Fault.always(others)))
      const environment = {
        INSTANTLY_API_KEY: Redacted.value(caller.secret),
        INSTANTLY_BASE_URL: yield* address
      }
      const ids = keys.map(({ id }) => id)
      const { code, output } = yield* run(
        script,
        ids,
        environment,
        (output) => {
          if (output.includes("stopping")) Deferred.unsafeDone(stopping, Effect.void)
          return output.includes("deleted")
        },
        "SIGINT"
      )
      expect(code).toBe(1)
      const left = (yield* mock.apiKeys).length - 1
      expect(left).toBeGreaterThan(0)
      expect(output.match(/^deleted "leaked"$/gm)).toHaveLength(40 - left)
      expect(output).toContain(`${left} not sent\n`)
    }).pipe(Effect.provide(served()))
  )

  it.live("ends at the first Ctrl-C while it lists", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const arrived = yield* Deferred.make<void>()
      yield* mock.script(
        Fault.next(Fault.delayResponse(Effect.zipRight(Deferred.succeed(arrived, undefined), Effect.never)))
      )
      const environment = { INSTANTLY_API_KEY: "made-up", INSTANTLY_BASE_URL: yield* address }
      const child = yield* Effect.promise(() => spawnProgram(script, [], environment))
      const closed = once(child, "close")
      yield* Deferred.await(arrived)
      child.kill("SIGINT")
      expect(yield* Effect.promise(() => closed)).toEqual([null, "SIGINT"])
    }).pipe(Effect.provide(served()))
  )

  it.live("says in one line which setting is wrong", () =>
    Effect.gen(function* () {
      const environment = { INSTANTLY_API_KEY: "made-up-secret", INSTANTLY_BASE_URL: "http://example.com" }
      const { code, output } = yield* run(script, [], environment)
      expect(code).toBe(1)
      expect(output).toMatch(/^[^\n]+\n$/)
      expect(output).not.toContain("undefined")
    })
  )

  it.live("says what Instantly refuses", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* mock.script(Fault.next(Fault.respond({ status: 401, body: unauthorized })))
      expect(yield* runExample(script, [])).toEqual({
        code: 1,
        output: expect.stringMatching(/^Instantly does not accept the API key/)
      })
    }).pipe(Effect.provide(served()))
  )
})

describe("a connection", () => {
  it.live("rejects with an error that has its outcome, and without sending what is not an id", () =>
    Effect.gen(function* () {
      const { instantly, leaked, mock } = yield* connected
      const rejected = (promise: Promise<unknown>) => Effect.promise(() => promise.catch((e: unknown) => e))
      expect(yield* rejected(instantly.revoke("made-up-secret"))).toEqual(new NotAnId())
      expect(yield* rejected(consume(instantly.revokeAll([leaked.id, "made-up-secret"])))).toEqual(new NotAnId())
      expect(yield* mock.arrivals).toEqual([])
      yield* mock.deleteApiKey(leaked.id)
      const error = errorIn(yield* rejected(instantly.revoke(leaked.id)))
      expect(error).toMatchObject({ _tag: "NotFound", outcome: "NotApplied" })
      expect(errorIn(new NotAnId())).toBeUndefined()
    }).pipe(Effect.scoped, Effect.provide(served()))
  )

  it.live("gives a receipt for each of many ids, and none for those that it has not sent when it is stopped", () =>
    Effect.gen(function* () {
      const { instantly, mock } = yield* connected
      const keys = yield* Effect.replicateEffect(mock.createApiKey({ name: "many" }), 3)
      const ids = keys.map(({ id }) => id)
      expect(yield* Effect.promise(() => consume(instantly.revokeAll(ids, { stop: AbortSignal.abort() })))).toEqual([])
      const receipts = yield* Effect.promise(() => consume(instantly.revokeAll(ids)))
      expect(receipts.map(({ _tag }) => _tag)).toEqual(["Deleted", "Deleted", "Deleted"])
      expect(receipts.map(({ id }) => id).sort()).toEqual([...ids].sort())
      expect(receipts[0]).toMatchObject({ name: "many", at: expect.any(String) })
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})

const unauthorized = JSON.stringify({ statusCode: 401, error: "Unauthorized", message: "made up" })

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

  it.live.each(["taken", "made-up"])("says in one line why it does not start on a port that is %s", (port) =>
    Effect.gen(function* () {
      const PORT = port === "taken" ? new URL(yield* address).port : port
      const ran = yield* run("examples/promise/main.ts", [], { ...key, SERVICE_TOKEN: "made-up-token", PORT })
      expect(ran).toEqual({ code: 1, output: expect.stringMatching(/^[^\n]+ \(PORT chooses the port\)\n$/) })
    }).pipe(Effect.provide(served()))
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
      expect(yield* ask("made-up-secret")).toEqual([400, { message: expect.stringContaining("An id is a UUID") }])
      expect(yield* ask(leaked.id)).toEqual([200, { id: leaked.id, name: "leaked" }])
      expect(yield* ask(leaked.id)).toMatchObject([404, { tag: "NotFound", outcome: "NotApplied" }])
      yield* mock.script(Fault.next(Fault.respond({ status: 302 })))
      expect(yield* ask(leaked.id)).toMatchObject([502, { tag: "UnexpectedStatus", outcome: "Unknown" }])
      yield* mock.script(Fault.next(Fault.respond({ status: 200, body: JSON.stringify({ id: leaked.id }) })))
      expect(yield* ask(leaked.id)).toEqual([200, { id: leaked.id, name: null }])
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

  it.live("lets a deletion finish whose caller has gone, and logs its outcome", () =>
    Effect.gen(function* () {
      const { instantly, leaked, mock } = yield* connected
      const log: Array<string> = []
      const server = yield* serverOf(instantly, log)
      const origin = yield* Effect.promise(() => server.listen({ host: "127.0.0.1", port: 0 }))
      const arrived = yield* Deferred.make<void>()
      const answered = yield* Deferred.make<void>()
      const whenAnswered = Deferred.succeed(arrived, undefined).pipe(
        Effect.zipRight(Deferred.await(answered)),
        Effect.as(0)
      )
      yield* mock.script(Fault.next(Fault.delayResponse(whenAnswered)))
      const caller = new AbortController()
      const asked = fetch(`${origin}/api-keys/${leaked.id}`, { method: "DELETE", headers, signal: caller.signal })
      const gone = asked.catch((e: unknown) => e)
      yield* Deferred.await(arrived)
      caller.abort()
      yield* Effect.promise(() => gone)
      yield* Deferred.succeed(answered, undefined)
      const logged = Effect.sync(() => log.join(""))
      expect(yield* Effect.repeat(look(logged), { until: (text) => text.includes(leaked.id) })).toContain(
        `"outcome":"Applied"`
      )
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})
