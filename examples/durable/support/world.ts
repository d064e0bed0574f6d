/**
 * A workspace at Instantly's double, a database, a vault, and the workers that run workflows on them. Something happens to a
 * worker at a moment: when one of its requests arrives, or when it has written a line. What it had sent may have been carried
 * out, or not.
 */
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { HttpServer, HttpServerRequest, HttpServerResponse } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { ConfigProvider, Deferred, Effect, Layer, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { expect } from "vitest"
import { formsOf } from "../../../test/support/leaks.js"
import { run, spawnProgram } from "../../../test/support/process.js"
import { Client } from "../layers.js"
import { Servers } from "./servers.js"

const main = "examples/durable/main.ts"

export interface Moment {
  /** A line of a worker that contains this, or a request: its method, or `PROOF` for the read that proves a secret. */
  readonly at: string
  /** Which one of them. Default: the first. */
  readonly nth?: number
  /**
   * What becomes of the request: it is lost, or its response is, or it is carried out after the next one of its kind has
   * arrived, or it gets its response. Left out for a line.
   */
  readonly request?: "lost" | "carried out" | "late" | "answered"
}

export const nameOf = ({ at, nth = 1, request }: Moment) =>
  request === undefined ? `after its line "${at}"` : `at its ${at} ${nth}, which is ${request}`

interface Armed extends Moment {
  left: number
  /** What happens then, to the worker whose line or request it is; none if it is a `PROOF`, which has another key. */
  readonly act: (worker: Worker | undefined) => Effect.Effect<void>
  /** It has happened: the line, or the URL of the request. */
  readonly happened: Deferred.Deferred<string>
  /** A late request has been carried out. */
  readonly arrived: Deferred.Deferred<void>
  readonly next: Deferred.Deferred<void>
}

const kindOf = ({ method, url }: { readonly method: string; readonly url: string }) =>
  method === "GET" && new URL(url, "http://localhost").searchParams.get("limit") === "1" ? "PROOF" : method

/** A worker is a process of its own, with a key of its own. */
export interface Worker {
  readonly name: string
  readonly process: ChildProcess
  /** The end of its process, when all that it wrote has been read. */
  readonly closed: Promise<unknown>
  readonly output: Array<string>
  /** The requests that it has sent so far with its key. */
  readonly sent: Array<string>
}

export const idIn = (url: string) => url.slice(url.lastIndexOf("/") + 1)

let databases = 0

export const make = (environment: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const { postgres, redis } = yield* Servers
    const scope = yield* Effect.scope
    const mock = yield* InstantlyMock.make()
    const name = `world_${databases++}`
    const database = postgres.createDatabase(name)
    const vault = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-instantly-vault-"))),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
    )

    const secrets = new Set<string>()
    const output: Array<string> = []
    const workers = new Map<string, Worker>()
    let armed: Armed | undefined

    // --- the moments

    /** Whether this is the moment. */
    const isNow = (what: (moment: Moment) => boolean): Armed | undefined => {
      if (armed === undefined || !what(armed) || --armed.left > 0) return undefined
      const now = armed
      armed = undefined
      return now
    }

    // --- Instantly

    /** What is left of the responses that the next requests get, by the ends of their URLs. */
    const outages = new Map<string, Array<HttpServerResponse.HttpServerResponse>>()

    /** The request that a killed worker sent, and that arrives later. */
    let late: Armed | undefined

    const app = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const kind = kindOf(request)
      const worker = workers.get(request.headers["authorization"] ?? "")
      worker?.sent.push(`${request.method} ${request.url}`)
      // read whole, because the connection may be gone when it is carried out
      yield* request.text
      const carryOut = Effect.tap(mock.httpApp, () =>
        Effect.map(mock.apiKeys, (keys) => keys.forEach(({ secret }) => secrets.add(Redacted.value(secret))))
      )
      if (late !== undefined && late.at === kind) {
        yield* Deferred.succeed(late.next, undefined)
        yield* Deferred.await(late.arrived)
        late = undefined
      }
      const outage = outages.get(idIn(request.url))?.pop()
      if (outage !== undefined) return outage
      const now = isNow((moment) => moment.request !== undefined && moment.at === kind)
      if (now === undefined) return yield* carryOut
      if (now.request === "carried out") yield* carryOut
      if (now.request === "late") {
        late = now
        yield* Deferred.await(now.next).pipe(
          Effect.zipRight(carryOut),
          Effect.zipRight(Deferred.succeed(now.arrived, undefined)),
          Effect.forkIn(scope)
        )
      }
      yield* Effect.zipRight(now.act(worker), Deferred.succeed(now.happened, request.url))
      return now.request === "answered" ? yield* carryOut : yield* Effect.never
    })
    const context = yield* Layer.build(
      HttpServer.serve(app).pipe(
        Layer.provideMerge(
          NodeHttpServer.layer(() => createServer({ keepAliveTimeout: 300_000 }), { host: "127.0.0.1", port: 0 })
        )
      )
    )
    const url = yield* Effect.provide(HttpServer.addressFormattedWith(Effect.succeed), context)

    // --- workers

    const end = (worker: Worker) =>
      Effect.promise(() => {
        worker.process.kill("SIGKILL")
        return worker.closed
      })
    const endAll = Effect.suspend(() =>
      Effect.forEach(workers.values(), end, { concurrency: "unbounded", discard: true })
    )
    yield* Effect.addFinalizer(() => endAll)

    /** Starts a worker as a process of its own. */
    const startWorker = Effect.gen(function* () {
      const key = yield* mock.createApiKey({ name: "worker" })
      const secret = Redacted.value(key.secret)
      secrets.add(secret)
      const settings = {
        DATABASE_URL: `${database}?application_name=${key.id}`,
        REDIS_URL: `redis://127.0.0.1:${redis.port}`,
        WORKSPACE: name,
        VAULT: vault,
        INSTANTLY_API_KEY: secret,
        INSTANTLY_BASE_URL: url,
        ...environment
      }
      const started = yield* Effect.promise(() => spawnProgram(main, ["work"], settings))
      const worker: Worker = { name: key.id, process: started, closed: once(started, "close"), output: [], sent: [] }
      workers.set(`Bearer ${secret}`, worker)
      for (const stream of [started.stdout, started.stderr]) {
        createInterface({ input: stream }).on("line", (line) => {
          output.push(line)
          worker.output.push(line)
          const now = isNow((moment) => moment.request === undefined && line.includes(moment.at))
          if (now !== undefined) Effect.runFork(Effect.zipRight(now.act(worker), Deferred.succeed(now.happened, line)))
        })
      }
      return worker
    })

    /** At a moment that is still to come, this happens. What it gives waits for that, and gives the line or the URL. */
    const at = (moment: Moment, act: Armed["act"]) =>
      Effect.gen(function* () {
        const happened = yield* Deferred.make<string>()
        const arrived = yield* Deferred.make<void>()
        const next = yield* Deferred.make<void>()
        armed = { ...moment, left: moment.nth ?? 1, act, happened, arrived, next }
        return Deferred.await(happened)
      })

    const client = yield* Layer.toRuntime(Client).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["DATABASE_URL", database]])))
    )

    return {
      mock,
      url,
      database,
      vault: {
        put: (key: InstantlyMock.CreatedApiKey) => {
          secrets.add(Redacted.value(key.secret))
          writeFileSync(join(vault, key.id), Redacted.value(key.secret))
        },
        read: (file: string) => readFileSync(join(vault, file), "utf8").trim(),
        files: () => readdirSync(vault).sort()
      },
      client,
      startWorker,
      killAt: (moment: Moment) => at(moment, (worker) => (worker === undefined ? endAll : end(worker))),
      /** Stops the worker at a moment, as a machine that sleeps. */
      freezeAt: (moment: Moment) => at(moment, (worker) => Effect.sync(() => void worker?.process.kill("SIGSTOP"))),
      /** What PostgreSQL does to the sessions of a machine that is gone. */
      cutSessions: ({ name }: Worker) =>
        Effect.sync(() =>
          postgres.query(
            database,
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '${name}'`
          )
        ),
      /** The journal of a run. */
      entries: (run: string) =>
        postgres
          .query(database, `SELECT entry FROM entries WHERE run = '${run}' ORDER BY position`)
          .split("\n")
          .filter((line) => line !== ""),
      /** The next requests, as many, whose URL ends with this get an error of Instantly's, and nothing else. */
      failing: (end: string, times: number, statusCode = 503, error = "Service Unavailable") =>
        Effect.map(
          HttpServerResponse.json({ statusCode, error, message: "made up" }, { status: statusCode }),
          (response) => outages.set(end, Array(times).fill(response))
        ),
      /** Runs the program as a process of its own that has the address of the database, and nothing else. */
      run: (args: ReadonlyArray<string>) => run(main, args, { DATABASE_URL: database }),
      /**
       * Ends the workers, and gives where a secret of the workspace could be read: any table, what Redis was told, and what
       * was printed.
       */
      places: Effect.map(endAll, () => ({
        database: postgres.dump(database),
        redis: redis.written(),
        output: output.join("\n")
      })),
      secrets,
      workspace: name
    }
  })

/** Where a secret can be read. */
const leaks = (places: Readonly<Record<string, string>>, secrets: Iterable<string>) => {
  const forms = [...secrets].flatMap(formsOf)
  return Object.entries(places).flatMap(([place, text]) =>
    forms.filter((form) => text.includes(form)).map((form) => `${place}: ${form}`)
  )
}

/** No secret of a workspace is anywhere, where other things of it are. */
export const expectNoSecrets = (world: World, ids: Iterable<string>) =>
  Effect.map(world.places, (places) => {
    for (const id of ids) expect(places.database).toContain(id)
    expect(places.redis).toContain(`effect-instantly:{${world.workspace}}`)
    expect(places.output).toContain("ends: ")
    expect(leaks(places, world.secrets)).toEqual([])
    for (const secret of world.secrets)
      expect(leaks({ planted: `${places.database} ${secret}` }, world.secrets)).not.toEqual([])
  })

export type World = Effect.Effect.Success<ReturnType<typeof make>>
