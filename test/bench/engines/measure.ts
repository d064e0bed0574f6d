/** Makes one measurement: a Redis, a server and several clients, each a process of its own that is fresh. */
import { fileURLToPath } from "node:url"
import { Command } from "@effect/platform"
import { Deferred, Effect, Schema, Stream } from "effect"
import { build } from "esbuild"
import * as Window from "../../../src/testing/InstantlyMock/window.js"
import { ioredis } from "../../engines/clients.js"
import { server } from "../../engines/redis.js"

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export interface Programs {
  readonly client: string
  readonly server: string
}

/** Bundles both programs: so their start takes no CPU from what is being measured beside them. */
export const bundle = (directory: string): Effect.Effect<Programs> =>
  Effect.as(
    Effect.promise(() =>
      build({
        entryPoints: { client: here("client.ts"), server: here("../rate-limit/server.ts") },
        outdir: directory,
        outExtension: { ".js": ".mjs" },
        bundle: true,
        platform: "node",
        format: "esm",
        logLevel: "error",
        // for the CommonJS in what is bundled
        banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url)' }
      })
    ),
    { client: `${directory}/client.mjs`, server: `${directory}/server.mjs` }
  )

export interface Cell {
  readonly contender: string
  readonly latency: string
  readonly processes: number
  /** By each process. */
  readonly requests: number
}

const Finished = Schema.parseJson(
  Schema.Struct({ sent: Schema.Array(Schema.Number), cpu: Schema.Number, commands: Schema.Number })
)
const Report = Schema.parseJson(
  Schema.Struct({ rejected: Schema.Number, arriving: Schema.Number, late: Schema.Number })
)

export interface Measured extends Cell {
  readonly rejected: number
  /** Deleted in a second, while requests arrived. */
  readonly pace: number
  /** The most that were sent in any second. */
  readonly worstSecond: number
  /** Microseconds of CPU of the clients, for the whole of a request. */
  readonly cpu: number
  readonly roundTrips: number
  /** Microseconds of CPU of Redis. */
  readonly redis: number
  /** By how many milliseconds the timers of the server were late: 99 in 100 of them by no more. */
  readonly late: number
}

const lines = (process: { readonly stdout: Stream.Stream<Uint8Array, unknown> }) =>
  process.stdout.pipe(Stream.decodeText(), Stream.splitLines)

/** A client, which waits once it is ready until all are. */
const client = (programs: Programs, cell: Cell, url: string, port: number, number: number, go: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const ready = yield* Deferred.make<void>()
    const command = Command.make(
      ...[process.execPath, programs.client, cell.contender, url, String(port), String(cell.requests), String(number)]
    ).pipe(Command.stdin(Stream.fromEffect(Effect.as(go, new TextEncoder().encode("go\n")))), Command.stderr("inherit"))
    const running = yield* Command.start(command)
    const finished = yield* lines(running).pipe(
      Stream.tap(() => Deferred.succeed(ready, undefined)),
      Stream.runLast,
      Effect.flatten,
      Effect.flatMap(Schema.decode(Finished)),
      Effect.fork
    )
    yield* Deferred.await(ready)
    return finished
  })

const redisCpu = (redis: { info(section: string): Promise<string> }) =>
  Effect.map(
    Effect.promise(() => redis.info("cpu")),
    (text) =>
      1e6 *
      ["user", "sys"]
        .map((kind) => Number(new RegExp(`used_cpu_${kind}:([\\d.]+)`).exec(text)?.[1]))
        .reduce((sum, some) => sum + some, 0)
  )

export const measure = (programs: Programs, cell: Cell) =>
  Effect.gen(function* () {
    const { port } = yield* server()
    const redis = yield* ioredis(port)
    const serving = yield* Command.start(Command.make(process.execPath, programs.server, cell.latency))
    const url = yield* lines(serving).pipe(Stream.runHead, Effect.flatten)
    const go = yield* Deferred.make<void>()
    const clients = yield* Effect.forEach(
      Array.from({ length: cell.processes }).keys(),
      (number) => client(programs, cell, url, port, number, Deferred.await(go)),
      { concurrency: "unbounded" }
    )
    const before = yield* redisCpu(redis)
    yield* Deferred.succeed(go, undefined)
    const finished = yield* Effect.forEach(clients, (fiber) => fiber.await).pipe(
      Effect.flatMap(Effect.forEach((exit) => exit)),
      Effect.timeout("5 minutes")
    )
    const report = yield* Effect.promise(() => fetch(`${url}/report`).then((response) => response.text()))
    const { rejected, arriving, late } = yield* Schema.decode(Report)(report)
    const requests = cell.processes * cell.requests
    const sent = finished.flatMap(({ sent }) => sent).sort((a, b) => a - b)
    const sum = (of: (one: (typeof finished)[number]) => number) => finished.reduce((all, one) => all + of(one), 0)
    const measured: Measured = {
      ...cell,
      rejected,
      pace: (requests - rejected) / arriving,
      worstSecond: Window.worst(sent, 1000),
      cpu: sum(({ cpu }) => cpu) / requests,
      roundTrips: sum(({ commands }) => commands) / requests,
      redis: ((yield* redisCpu(redis)) - before) / requests,
      late
    }
    return measured
  }).pipe(Effect.scoped)
