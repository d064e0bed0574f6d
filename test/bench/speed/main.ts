/**
 * `npm run bench`: what a delete costs beside the same features by hand (`byHand.ts`), what the library adds to a bundle, how
 * long 1,000 keys take, and what a permit costs with many callers in line. `-- --quick` shows only that it runs.
 *
 * The two contenders take turns in one process, and a ratio is taken within a round, so that whatever slows the machine slows
 * both. Time is CPU time, user and system, of this process with its garbage collector. The server is another process.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Chunk, Duration, Effect, Layer, ManagedRuntime, Redacted, Schema, Stream } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit, Revocation } from "effect-instantly"
import { VirtualTime } from "effect-instantly/testing"
import { build } from "esbuild"
import { Bench } from "tinybench"
import { key, keyJson } from "../../support/key.js"
import * as ByHand from "./byHand.js"

const isQuick = process.argv.includes("--quick")
const plan = isQuick
  ? { rounds: 2, batches: 2, warmUp: 2, keys: 100, permits: 800 }
  : { rounds: 20, batches: 20, warmUp: 200, keys: 1000, permits: 8000 }

/** Calls that follow each other in one batch. What they allocate fits the young generation, so nothing of it is collected. */
const batch = 10

const id = ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61")
const apiKey = Redacted.make("made-up-token")

// ---- the server

/** Below this path a response does not say how long it is, as one that is compressed. */
const chunked = "/chunked"

/** Responds to every request with a deleted key, until its parent disconnects. */
const serve = async () => {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume()
    const body = keyJson({ id: request.url?.split("/").at(-1) })
    const length = request.url?.startsWith(chunked) ? {} : { "content-length": body.length }
    response.writeHead(200, { "content-type": "application/json", ...length }).end(body)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  process.send?.(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`)
  process.on("disconnect", () => process.exit())
}

const startServer = async () => {
  const child = fork(fileURLToPath(import.meta.url), ["server"], { execArgv: [] })
  const [origin] = await once(child, "message")
  return { origin: String(origin), stop: () => child.disconnect() }
}

// ---- figures

const quantile = (values: ReadonlyArray<number>, share: number) =>
  values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))] ?? Number.NaN
const median = (values: ReadonlyArray<number>) => quantile(values, 0.5)
/** The median, and the quartiles. */
const spread = (values: ReadonlyArray<number>, digits = 2) =>
  `${median(values).toFixed(digits)} (${quantile(values, 0.25).toFixed(digits)}–${quantile(values, 0.75).toFixed(digits)})`

const cell = (text: string, index: number) => (index === 0 ? text.padEnd(28) : text.padStart(18))
const row = (...texts: ReadonlyArray<string>) => console.log(texts.map(cell).join(""))

const verdicts: Array<string> = []
const verdict = (measure: string, values: ReadonlyArray<number>, atMost: number) => {
  const holds = median(values) <= atMost
  if (!(holds || isQuick)) process.exitCode = 1
  verdicts.push(`${holds ? "holds" : "falls short"}  ${measure}: ${spread(values)}, at most ${atMost}`)
}

// ---- CPU and allocations

type Run = () => Promise<unknown>

/** Milliseconds. */
const cpuTime = () => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

/** Microseconds of CPU that one run of each takes, measured in this order. */
const cpuOf = async (runs: Readonly<Record<string, Run>>, iterations: number): Promise<Record<string, number>> => {
  const bench = new Bench({ iterations, now: cpuTime, time: 0, throws: true, warmup: false })
  for (const [name, run] of Object.entries(runs)) bench.add(name, run)
  const tasks = await bench.run()
  return Object.fromEntries(
    tasks.map(({ name, result }) => [name, result.state === "completed" ? 1000 * result.latency.mean : Number.NaN])
  )
}

/** Bytes that a run allocates on the heap. */
const bytesOf = async (run: Run) => {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  await run()
  return process.memoryUsage().heapUsed - before
}

/** The runs of all rounds; every other round begins with the last. */
const inTurns = async <K extends string>(
  runs: Readonly<Record<K, Run>>,
  rounds: number,
  measure: (runs: Readonly<Record<string, Run>>) => Promise<Record<string, number>>
) => {
  const measured: Array<Record<string, number>> = []
  for (let round = 0; round < rounds; round++) {
    const entries = Object.entries<Run>(runs)
    measured.push(await measure(Object.fromEntries(round % 2 === 0 ? entries : entries.toReversed())))
  }
  const of = (name: K) => measured.map((values) => values[name] ?? Number.NaN)
  const ratio = (name: K, to: K) => of(name).map((value, round) => value / (of(to)[round] ?? Number.NaN))
  return { of, ratio }
}

// ---- a delete

const body = keyJson()
const headers = { "content-type": "application/json", "content-length": String(body.length) }

/** A client that responds in another turn of the event loop, as a socket does. */
const inMemory = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) =>
    Effect.async((resume) => {
      const response = () => HttpClientResponse.fromWeb(request, new Response(body, { headers }))
      setImmediate(() => resume(Effect.sync(response)))
    })
  )
)

/** Without redirects, which would take the token elsewhere. */
const fetchOnce = FetchHttpClient.layer.pipe(
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
)

const clients = { "in memory": inMemory, Fetch: fetchOnce, Undici: NodeHttpClient.layerUndici }

/** The two contenders, each with a batch of deletes. The gate has no pace: it would be all that is measured. */
const contenders = async (client: Layer.Layer<HttpClient.HttpClient>, baseUrl: string) => {
  const library = ManagedRuntime.make(
    Instantly.layer({ apiKey, baseUrl, rateLimit: RateLimit.unlimited }).pipe(Layer.provide(client))
  )
  const hand = ManagedRuntime.make(Layer.merge(client, Layer.scope))
  const { delete: ours } = await library.runPromise(ApiKeys.ApiKeys)
  const theirs = await hand.runPromise(ByHand.make({ apiKey, baseUrl }))
  // the call is made anew each time
  const repeat = (call: () => Effect.Effect<unknown, unknown>) => Effect.repeatN(Effect.suspend(call), batch - 1)
  const runs = {
    library: () => library.runPromise(repeat(() => ours(id))),
    byHand: () => hand.runPromise(repeat(() => theirs(id)))
  }
  return { runs, stop: () => Promise.all([library.dispose(), hand.dispose()]) }
}

const deletes = async (origin: string) => {
  row("a delete", "CPU by hand, µs", "ours", "× by hand", "allocated, kB", "ours", "× by hand")
  for (const [path, what] of [
    ["", ""],
    [chunked, ", length unknown"]
  ] as const) {
    for (const [name, client] of Object.entries(clients)) {
      if (name === "in memory" && path !== "") continue
      const { runs, stop } = await contenders(client, `${origin}${path}`)
      await cpuOf(runs, plan.warmUp)
      const cpu = await inTurns(runs, plan.rounds, (runs) => cpuOf(runs, plan.batches))
      const bytes = await inTurns(runs, plan.rounds, async (runs) => {
        const measured: Record<string, number> = {}
        for (const [name, run] of Object.entries(runs)) measured[name] = await bytesOf(run)
        return measured
      })
      await stop()
      const [ofCpu, ofBytes] = [cpu.ratio("library", "byHand"), bytes.ratio("library", "byHand")]
      const micros = (values: ReadonlyArray<number>) => (median(values) / batch).toFixed(0)
      const kilobytes = (values: ReadonlyArray<number>) => (median(values) / batch / 1000).toFixed(1)
      row(
        `${name}${what}`,
        ...[micros(cpu.of("byHand")), micros(cpu.of("library")), spread(ofCpu)],
        ...[kilobytes(bytes.of("byHand")), kilobytes(bytes.of("library")), spread(ofBytes)]
      )
      if (name === "in memory") continue
      verdict(`CPU of a delete on ${name}${what}, × by hand`, ofCpu, path === "" ? 2 : 2.5)
      verdict(`allocations of a delete on ${name}${what}, × by hand`, ofBytes, path === "" ? 2 : 3)
    }
  }
}

// ---- a bundle, many keys, many callers

const program = `
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ApiKey from "effect-instantly/ApiKey"
import * as ApiKeys from "effect-instantly/ApiKeys"
import * as Instantly from "effect-instantly/Instantly"

Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(ApiKey.ApiKeyId.make(location.hash))).pipe(
  Effect.provide(Instantly.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))),
  Effect.runPromise
)`

const bundles = async () => {
  const gzipped = async (external: Array<string>) => {
    const stdin = { contents: program, loader: "ts", resolveDir: process.cwd() } as const
    const options = { bundle: true, format: "esm", minify: true, write: false } as const
    const { outputFiles } = await build({ ...options, stdin, external })
    return outputFiles.reduce((bytes, { contents }) => bytes + gzipSync(contents, { level: 9 }).length, 0)
  }
  console.log(`\nA program that deletes a key with Fetch, minified and gzipped: ${await gzipped([])} bytes,`)
  console.log(`${await gzipped(["effect", "@effect/platform"])} of them without Effect.`)
}

const manyKeys = async (baseUrl: string) => {
  const ids = Array.from({ length: plan.keys }, (_, index) =>
    ApiKey.ApiKeyId.make(`019e18e2-78d4-7322-941a-${String(index).padStart(12, "0")}`)
  )
  const [took, receipts] = await Stream.runCollect(Revocation.run(ids, {})).pipe(
    Effect.timed,
    Effect.provide(Layer.provide(Instantly.layer({ apiKey, baseUrl }), FetchHttpClient.layer)),
    Effect.runPromise
  )
  const deleted = Chunk.size(Chunk.filter(receipts, ({ _tag }) => _tag === "Deleted"))
  const ratio = Duration.toSeconds(took) / (plan.keys / 100)
  console.log(`\n${deleted} of ${plan.keys} keys deleted with the default policies, in ${Duration.format(took)}:`)
  console.log(`${ratio.toFixed(3)} × what exactly 100 a second would take.`)
}

const permits = async () => {
  /** So many permits, given to so many callers at a time, in virtual time. */
  const gate = (callers: number) => async () => {
    globalThis.gc?.()
    for (let given = 0; given < plan.permits; given += callers) {
      await Effect.runPromise(
        RateLimit.make(RateLimit.instantly).pipe(
          Effect.flatMap(({ acquire }) => Effect.replicateEffect(acquire, callers, { concurrency: "unbounded" })),
          Effect.scoped,
          VirtualTime.run
        )
      )
    }
  }
  const [few, many] = [100, plan.permits]
  const runs = { few: gate(few), many: gate(many) }
  await cpuOf(runs, 1)
  const cpu = await inTurns(runs, 5, (runs) => cpuOf(runs, 1))
  const micros = (values: ReadonlyArray<number>) => (median(values) / plan.permits).toFixed(0)
  console.log(
    `\nA permit with ${few} callers in line: ${micros(cpu.of("few"))} µs of CPU; with ${many}: ${micros(cpu.of("many"))}.`
  )
  verdict(`CPU of a permit with ${many} callers, × with ${few}`, cpu.ratio("many", "few"), 2)
}

/** A server may name any number of scopes, and a key must not take longer to decode than its length explains. */
const decoding = async () => {
  const scopes = Array.from({ length: 100_000 }, (_, index) => `made_up_${index}:read`)
  const decodeKey = Schema.decodeUnknownSync(ApiKey.ApiKey)
  const decodeStrings = Schema.decodeUnknownSync(Schema.Array(Schema.String))
  const strings = async () => decodeStrings(scopes)
  const runs = { key: async () => decodeKey(key({ scopes })), strings }
  await cpuOf(runs, 2)
  const cpu = await inTurns(runs, 5, (runs) => cpuOf(runs, 1))
  console.log(
    `\nA key with 100,000 unknown scopes: ${spread(cpu.ratio("key", "strings"))} × the CPU of decoding as many strings.`
  )
}

if (process.argv[2] === "server") await serve()
else {
  console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? "an unknown CPU"}`)
  console.log(
    `Medians (quartiles) of ${plan.rounds} rounds, each of ${plan.batches * batch} calls one after the other.\n`
  )
  const { origin, stop } = await startServer()
  await deletes(origin)
  await permits()
  await decoding()
  await bundles()
  await manyKeys(origin)
  stop()
  console.log(`\n${verdicts.join("\n")}`)
}
