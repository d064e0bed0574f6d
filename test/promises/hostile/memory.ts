/**
 * Calls servers, one after the other, and prints what each call ended with and how much memory it held: the process that
 * dies, if one does. Its arguments are the name of a client and the base URLs; of the last three, the
 * first is read whole, by the client alone, and the others warm it up.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { HttpClient } from "@effect/platform"
import { Console, Effect, Redacted } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit, RetryPolicy } from "effect-instantly"
import { clients } from "../../support/clients.js"
import { id } from "../../support/hostility.js"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

/** Megabytes in use: those of the heap, and those of buffers beside it. */
const used = () => {
  const { external, heapUsed } = process.memoryUsage()
  return (external + heapUsed) / 2 ** 20
}

/** Megabytes that are held: those in use that cannot be collected. */
const held = () => {
  collect()
  return used()
}

/** By how many megabytes what is held grows, at most, from the beginning of an effect until its value is dropped. */
const growthOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const before = held()
    let most = before
    // to collect takes long, and tells nothing new where no more is in use
    const looks = setInterval(() => {
      if (used() > most + 2) most = Math.max(most, held())
    }, 5)
    const value = yield* effect
    clearInterval(looks)
    most = Math.max(most, held())
    return { value, growth: most - before }
  })

const deletion = (baseUrl: string) =>
  Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(ApiKey.ApiKeyId.make(id))).pipe(
    Effect.provide(
      Instantly.layer({
        apiKey: Redacted.make("made-up"),
        baseUrl,
        timeout: "1 minute",
        retryPolicy: RetryPolicy.none,
        rateLimit: RateLimit.unlimited
      })
    ),
    Effect.match({ onSuccess: () => "Deleted", onFailure: (error) => ("_tag" in error ? error._tag : "") })
  )

const [name = "", ...baseUrls] = process.argv.slice(2)
const [whole = "", ...warmUp] = baseUrls.splice(-3)

const program = Effect.gen(function* () {
  // what is loaded and compiled at the first call stays
  yield* Effect.forEach(warmUp, deletion)
  for (const baseUrl of baseUrls) {
    const { growth, value } = yield* growthOf(deletion(baseUrl))
    yield* Console.log(JSON.stringify({ ended: value, growth }))
  }
  const client = yield* HttpClient.HttpClient
  const { growth, value } = yield* growthOf(Effect.flatMap(client.get(whole), (response) => response.text))
  yield* Console.log(JSON.stringify({ ended: `${value.length} characters`, growth }))
  yield* Console.error(`at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MB resident`)
})

const client = clients.find(([key]) => key === name)?.[1]
if (client === undefined) throw new Error(`no client is called ${name}`)
await Effect.runPromise(Effect.provide(program, client))
// what is still drained does not keep the process
process.exit(0)
