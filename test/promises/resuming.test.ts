/** Runs that are killed at any step and resumed any number of times, each receipt compared with what the double knows. */
import { HttpClient } from "@effect/platform"
import { describe, expect } from "@effect/vitest"
import { DateTime, Deferred, Effect, FastCheck, Layer, Stream } from "effect"
import { Instantly, Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { lawOfRuns } from "../support/laws.js"

const { array, boolean, constantFrom, integer, record } = FastCheck

/** A journal of a process that is killed at its n-th entry: that one is not written, nor is any other after it. */
const killedAt = (entries: Array<Revocation.Entry>, n: number) =>
  Effect.map(Deferred.make<void>(), (killed) => {
    let left = n
    const write = (entry: Revocation.Entry) =>
      Effect.suspend(() => {
        left -= 1
        if (left > 0) {
          entries.push(entry)
          return Effect.void
        }
        // the kernel does not wait for what cannot be interrupted
        return Effect.zipRight(Deferred.succeed(killed, undefined), Effect.interruptible(Effect.never))
      })
    const journal: Revocation.Journal = {
      begin: (id) => Effect.flatMap(DateTime.now, (at) => write(new Revocation.Begun({ id, at }))),
      record: write
    }
    return { journal, killed: Deferred.await(killed) }
  })

const faults = constantFrom(
  Fault.refuse,
  Fault.loseRequest,
  Fault.loseResponse,
  Fault.cutResponse,
  Fault.swallowResponse,
  Fault.delayRequest("40 seconds"),
  Fault.delayResponse("40 seconds"),
  Fault.respond({ status: 429 }),
  Fault.respond({ status: 503 }),
  // somebody on the way answers in Instantly's place, before the server acts or after it
  Fault.respond({ status: 200, body: "<html>" }),
  Fault.changeResponse(() => ({ status: 200, headers: {}, body: "{}" })),
  Fault.changeResponse(() => ({ status: 403, headers: {}, body: "<html>" }))
)

const histories = record({
  /** How many keys there are, and how many were gone before the first run. */
  keys: integer({ min: 1, max: 6 }),
  gone: integer({ min: 0, max: 2 }),
  concurrency: integer({ min: 1, max: 4 }),
  /** After how many entries each run is killed. */
  kills: array(integer({ min: 1, max: 10 }), { maxLength: 6 }),
  /** What happens to the first requests, one after the other; nothing where it is `false`. */
  faults: array(record({ fault: faults, happens: boolean() }), { maxLength: 12 })
})

describe("a run that is killed at any step, and resumed", () => {
  lawOfRuns("says of each key what is true, and sends nothing after it has", histories, (history) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.make({
        faults: history.faults.flatMap(({ fault, happens }, index) => (happens ? [Fault.nth(index + 1, fault)] : []))
      })
      const caller = yield* mock.createApiKey()
      const create = Effect.map(mock.createApiKey(), ({ id }) => id)
      const there = yield* Effect.replicateEffect(create, history.keys)
      const gone = yield* Effect.replicateEffect(create, history.gone)
      yield* Effect.forEach(gone, mock.deleteApiKey, { discard: true })
      const all = [...there, ...gone]
      const live = Instantly.layer({ apiKey: caller.secret }).pipe(
        Layer.provide(Layer.succeed(HttpClient.HttpClient, mock.httpClient))
      )

      const entries: Array<Revocation.Entry> = []
      // runs that are killed, and then runs that are not, until nothing is left to do
      const forGood = Array.from({ length: 6 }, () => Number.POSITIVE_INFINITY)
      for (const kill of [...history.kills, ...forGood]) {
        const { ids, inDoubt } = Revocation.pending(all, entries)
        const { journal, killed } = yield* killedAt(entries, kill)
        const run = Revocation.run(ids, { concurrency: history.concurrency, journal, inDoubt })
        yield* Effect.raceFirst(Stream.runDrain(run), killed).pipe(Effect.provide(live))
      }
      // what is still on its way arrives
      yield* Effect.sleep("10 minutes")
      const arrivals = yield* mock.arrivals

      expect(Revocation.pending(all, entries)).toEqual({ ids: [], inDoubt: [] })
      for (const id of all) {
        const own = entries.filter((entry) => entry.id === id)
        const settled = own.flatMap((entry) => (entry._tag !== "Begun" && Revocation.isSettled(entry) ? [entry] : []))
        const deletions = arrivals.filter(({ applied, path }) => applied && path.endsWith(id))
        // it is settled once, and nothing begins after that
        expect(settled).toHaveLength(1)
        expect(own.at(-1)).toBe(settled[0])
        if (settled[0]?._tag === "Deleted") expect(deletions).toHaveLength(1)
        // no key that a run may have deleted is called one that was never here
        if (settled[0]?._tag === "NotFound" && settled[0].outcome === "NotApplied") {
          expect(deletions).toEqual([])
          expect(gone).toContain(id)
        }
      }
    }).pipe(Effect.scoped)
  )
})
