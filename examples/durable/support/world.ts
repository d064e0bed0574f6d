/**
 * A workspace at Instantly's double, a database, a vault, and the workers that run workflows on them. A worker is killed at a
 * moment: when a request of it is seen, or when it has written a line. What it had sent may have been carried out, or not.
 */
import { spawn } from "node:child_process"
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
import { run } from "../../../test/support/process.js"
import { main, Servers } from "./servers.js"

export interface Moment {
  /** A line of a worker that contains this, or a request: its method, or `PROOF` for the read that proves a secret. */
  readonly at: string
  /** Which one of them. Default: the first. */
  readonly nth?: number
  /**
   * What becomes of the request: it is lost, or its response is, or it is carried out after the next one of its kind has
   * arrived. Left out for a line.
   */
  readonly request?: "lost" | "carried out" | "late"
}

export const nameOf = ({ at, nth = 1, request }: Moment) =>
  request === undefined ? `after its line "${at}"` : `at its ${at} ${nth}, which is ${request}`

interface Armed extends Moment {
  left: number
  readonly killed: Deferred.Deferred<string>
  /** A late request has been carried out. */
  readonly arrived: Deferred.Deferred<void>
  readonly next: Deferred.Deferred<void>
}

const kindOf = ({ method, url }: { readonly method: string; readonly url: string }) =>
  method === "GET" && new URL(url, "http://localhost").searchParams.get("limit") === "1" ? "PROOF" : method

export const idIn = (url: string) => url.slice(url.lastIndexOf("/") + 1)

let databases = 0

export const make = (environment: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const { postgres, program, redis } = yield* Servers
    const scope = yield* Effect.scope
    const mock = yield* InstantlyMock.make()
    const caller = yield* mock.createApiKey({ name: "worker" })
    const name = `world_${databases++}`
    const database = postgres.createDatabase(name)
    const vault = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-instantly-vault-"))),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
    )

    const secrets = new Set([Redacted.value(caller.secret)])
    const output: Array<string> = []
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

    const outages = new Map<string, { readonly status: number; readonly times: number }>()

    /** The request that a killed worker sent, and that arrives later. */
    let late: Armed | undefined

    const app = Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const kind = kindOf(request)
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
      const { status, times } = outages.get(idIn(request.url)) ?? { status: 0, times: 0 }
      if (times > 0) {
        outages.set(idIn(request.url), { status, times: times - 1 })
        return HttpServerResponse.empty({ status })
      }
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
      yield* kill(now, request.url)
      return yield* Effect.never
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

    /** Each with the end of its process, when all that it wrote has been read. */
    const workers = new Map<ReturnType<typeof spawn>, Promise<unknown>>()

    const end = async (worker: ReturnType<typeof spawn>) => {
      const closed = workers.get(worker)
      workers.delete(worker)
      worker.kill("SIGKILL")
      await closed
    }
    const endAll = Effect.promise(() => Promise.all([...workers.keys()].map(end)))
    const kill = (now: Armed, what: string) => Effect.zipRight(endAll, Deferred.succeed(now.killed, what))

    yield* Effect.addFinalizer(() => endAll)

    /** Starts a worker as a process of its own. */
    const startWorker = Effect.sync(() => {
      const own = Object.entries(process.env).filter(([key]) => !key.startsWith("INSTANTLY_"))
      const worker = spawn(process.execPath, [program, "work"], {
        env: {
          ...Object.fromEntries(own),
          DATABASE_URL: database,
          REDIS_URL: `redis://127.0.0.1:${redis.port}`,
          WORKSPACE: name,
          VAULT: vault,
          INSTANTLY_API_KEY: Redacted.value(caller.secret),
          INSTANTLY_BASE_URL: url,
          ...environment
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
      workers.set(worker, once(worker, "close"))
      for (const stream of [worker.stdout, worker.stderr]) {
        createInterface({ input: stream }).on("line", (line) => {
          output.push(line)
          const now = isNow((moment) => moment.request === undefined && line.includes(moment.at))
          if (now !== undefined) void end(worker).then(() => Deferred.unsafeDone(now.killed, Effect.succeed(line)))
        })
      }
      return worker
    })

    // Its packages are only there once this example has been installed.
    const { Client } = yield* Effect.promise(() => import("../layers.js"))
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
      /** Kills the worker at a moment that is still to come. What it gives waits for that, and gives the line or the URL. */
      killAt: (moment: Moment) =>
        Effect.gen(function* () {
          const killed = yield* Deferred.make<string>()
          const arrived = yield* Deferred.make<void>()
          const next = yield* Deferred.make<void>()
          armed = { ...moment, left: moment.nth ?? 1, killed, arrived, next }
          return Deferred.await(killed)
        }),
      /** The journal of a run. */
      entries: (run: string) =>
        postgres.query(database, `SELECT entry FROM entries WHERE run = '${run}' ORDER BY position`).trim().split("\n"),
      /** The next requests, as many, whose URL ends with this get no more than a status. */
      failing: (end: string, times: number, status = 503) => Effect.sync(() => outages.set(end, { status, times })),
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
