/**
 * Whether the memory of a run grows with its ids: `node --expose-gc --import tsx test/bench/revocation/main.ts`. `IDS=10000`
 * makes it short; the whole client is slower, and runs a tenth of them. The Instantly here responds at once and keeps nothing, so
 * the memory is the run's own.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { Array as Arr, Console, DateTime, Effect, Layer, Option, Redacted, Ref, Stream } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit, Revocation } from "effect-instantly"
import { key } from "../../support/key.js"

const total = Number(process.env["IDS"] ?? 1_000_000)

/** Megabytes: after a fifth of the run, no reading is more than this above the one at a fifth. */
const allowance = 4

const secret = Redacted.make("made-up-secret")

/** The whole client, with no limit, in front of a server that deletes every key. */
const wholeClient = Instantly.layer({ apiKey: secret, rateLimit: RateLimit.unlimited }).pipe(
  Layer.provide(
    Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request, url) =>
        Effect.sync(() =>
          HttpClientResponse.fromWeb(request, Response.json(key({ id: url.pathname.split("/").at(-1) })))
        )
      )
    )
  )
)

const at = DateTime.unsafeMake(0)

/** In place of the client: operations that succeed at once. */
const noClient = Layer.mock(ApiKeys.ApiKeys, {
  delete: (id) =>
    Effect.sync(() =>
      ApiKey.ApiKey.make({
        id,
        name: "made-up",
        scopes: [],
        key: secret,
        organizationId: id,
        createdAt: at,
        updatedAt: at
      })
    )
})

const ids = function* (n: number) {
  for (let i = 0; i < n; i++) yield ApiKey.ApiKeyId.make(`00000000-0000-7000-8000-${i.toString(16).padStart(12, "0")}`)
}

/** Megabytes of the heap that are in use, once what is not has been collected. */
const heapUsed = Effect.sync(() => {
  if (globalThis.gc === undefined) throw new Error("run it with node --expose-gc")
  globalThis.gc()
  return process.memoryUsage().heapUsed / 2 ** 20
})

/** The heap at each tenth of a run. */
const readings = (n: number, layer: Layer.Layer<ApiKeys.ApiKeys, unknown>) =>
  Effect.gen(function* () {
    const taken = yield* Ref.make<ReadonlyArray<number>>([])
    const read = Effect.flatMap(heapUsed, (reading) => Ref.update(taken, Arr.append(reading)))
    yield* read
    const receipts = yield* Revocation.run(ids(n)).pipe(
      Stream.tap((receipt) =>
        receipt._tag === "Deleted" ? Effect.void : Effect.dieMessage(`${receipt._tag}: the server deletes every key`)
      ),
      Stream.zipWithIndex,
      Stream.tap(([, index]) => ((index + 1) % Math.floor(n / 10) === 0 ? read : Effect.void)),
      Stream.runCount
    )
    if (receipts !== n) return yield* Effect.dieMessage(`${receipts} receipts of ${n} ids`)
    return yield* Ref.get(taken)
  }).pipe(Effect.provide(layer), Effect.orDie)

const row = (values: ReadonlyArray<number>) => values.map((value) => value.toFixed(1).padStart(7)).join("")

const measure = (name: string, n: number, layer: Layer.Layer<ApiKeys.ApiKeys, unknown>) =>
  Effect.gen(function* () {
    const all = yield* readings(n, layer)
    const atAFifth = Option.getOrElse(Arr.get(all, 2), () => Number.NaN)
    const growth = Math.max(...all.slice(3)) - atAFifth
    const holds = growth <= allowance
    yield* Console.log(`${name}: ${n} ids`)
    yield* Console.log(`  MB at 0, 10, 20 … 100 %: ${row(all)}`)
    yield* Console.log(
      `  ${holds ? "holds" : "falls short"}: after 20 % at most ${growth.toFixed(1)} MB more than at 20 %, allowed are ${allowance}`
    )
    return holds
  })

const program = Effect.gen(function* () {
  const whole = yield* measure("the whole client", Math.ceil(total / 10), wholeClient)
  const alone = yield* measure("Revocation alone", total, noClient)
  if (!(whole && alone)) process.exitCode = 1
})

await Effect.runPromise(program)
