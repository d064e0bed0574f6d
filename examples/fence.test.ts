import { HttpClient } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Clock, Effect, Either, Fiber, Schedule, type Scope, Stream } from "effect"
import { ApiKeys, Instantly } from "effect-instantly"
import { Fault, InstantlyMock, VirtualTime } from "effect-instantly/testing"
import { type Options, tables } from "../test/support/passes.js"
import { type Database, Guard, guarded, statements, take } from "./fence.js"
import { resume } from "./journal.js"

/** Keys to delete, by a client with one permit a second whose requests are guarded. */
const workspace = (keys: number) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.make()
    const { secret } = yield* mock.createApiKey()
    const made = yield* Effect.replicateEffect(mock.createApiKey(), keys)
    const client = Instantly.layer({
      apiKey: secret,
      rateLimit: Schedule.spaced("1 second"),
      transformClient: guarded
    })
    const withClient = <A, E>(effect: Effect.Effect<A, E, ApiKeys.ApiKeys>) =>
      effect.pipe(Effect.provide(client), Effect.provideService(HttpClient.HttpClient, mock.httpClient))
    const sentAt = Effect.map(mock.arrivals, (arrivals) => arrivals.map(({ at }) => at))
    return { mock, sentAt, ids: made.map(({ id }) => id), withClient }
  })

/** A machine whose clocks can be set: each is that much ahead of the time that sleepers wait for. */
const machine = () => {
  const ahead = { wall: 0, steady: 0 }
  const on = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.clockWith((clock) =>
      Effect.withClock(effect, {
        ...clock,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + ahead.wall),
        currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + BigInt(ahead.steady) * 1_000_000n)
      })
    )
  return { ahead, on }
}

/** Runs a test with a database in memory, in virtual time. */
const withTables = <A, E>(
  test: (model: ReturnType<typeof tables>) => Effect.Effect<A, E, Database | Scope.Scope>,
  options?: Options
) => {
  const model = tables(options)
  return test(model).pipe(Effect.scoped, Effect.provide(model.live), VirtualTime.run)
}

describe("a pass", () => {
  it.live("that is superseded writes nothing", () =>
    withTables(({ entries }) =>
      Effect.gen(function* () {
        const first = yield* take("leavers")
        yield* first.write("by the first")
        const second = yield* take("leavers")
        expect((yield* Effect.flip(first.write("too late")))._tag).toBe("Superseded")
        yield* second.write("by the second")
        expect(yield* second.read).toEqual(["by the first", "by the second"])
        // another run does not matter to it
        const other = yield* take("others")
        yield* other.write("by the other")
        yield* second.write("by the second")
        expect(entries.length).toBe(4)
      })
    )
  )

  it.live("waits for three seconds if it supersedes another one, and not if it is the first", () =>
    withTables(() =>
      Effect.gen(function* () {
        yield* take("leavers")
        expect(yield* Clock.currentTimeMillis).toBe(0)
        yield* take("leavers")
        expect(yield* Clock.currentTimeMillis).toBe(3000)
      })
    )
  )

  it.live("that is superseded sends none of the requests that waited for a permit, once the later one begins", () =>
    withTables(() =>
      Effect.gen(function* () {
        const { ids, sentAt, withClient } = yield* workspace(6)
        const pass = yield* take("leavers")
        const deleting = yield* ApiKeys.ApiKeys.pipe(
          Effect.flatMap((apiKeys) =>
            Effect.forEach(ids, (id) => Effect.either(apiKeys.delete(id)), { concurrency: "unbounded" })
          ),
          Effect.provideService(Guard, pass.guard),
          withClient,
          Effect.fork
        )
        yield* Effect.sleep(1500)
        yield* take("leavers")
        expect(yield* Clock.currentTimeMillis).toBe(4500)
        expect(yield* sentAt).toEqual([0, 1000, 2000])
        const results = yield* Fiber.join(deleting)
        expect(yield* sentAt).toEqual([0, 1000, 2000])
        expect(results.filter(Either.isLeft)).toMatchObject(
          ids.slice(3).map(() => ({ left: { reason: "NotSent", outcome: "NotApplied" } }))
        )
      })
    )
  )

  it.live("sends nothing while the database does not say whether it is superseded", () =>
    withTables(
      () =>
        Effect.gen(function* () {
          const { ids, sentAt, withClient } = yield* workspace(1)
          const pass = yield* take("leavers")
          yield* Effect.sleep(3000)
          const error = yield* ApiKeys.ApiKeys.pipe(
            Effect.flatMap((apiKeys) => Effect.forEach(ids, apiKeys.delete)),
            Effect.provideService(Guard, pass.guard),
            withClient,
            Effect.flip
          )
          expect(error).toMatchObject({ reason: "NotSent", detail: "the database does not respond" })
          expect(yield* sentAt).toEqual([])
        }),
      { answer: (statement) => (statement === statements.prove ? Effect.never : Effect.void) }
    )
  )

  it.live.each([
    { what: "both clocks", wall: 3000, steady: 3000, asks: true },
    { what: "the wall clock alone, because the machine slept", wall: 3000, steady: 0, asks: true },
    { what: "the steady clock alone, because the other was set back", wall: -9000, steady: 3000, asks: true },
    { what: "neither clock", wall: 2999, steady: 2999, asks: false }
  ])("asks the database before a request when three seconds have passed by $what", ({ asks, steady, wall }) =>
    withTables(({ asked }) => {
      const { ahead, on } = machine()
      return Effect.gen(function* () {
        const pass = yield* take("leavers")
        Object.assign(ahead, { steady, wall })
        yield* pass.guard
        expect(asked).toEqual(asks ? [statements.take, statements.prove] : [statements.take])
      }).pipe(on)
    })
  )

  it.live("does not rely on an answer that waited while the machine slept, neither of a request nor of a write", () => {
    const { ahead, on } = machine()
    let naps = 2
    const nap = Effect.sync(() => {
      if (naps-- > 0) Object.assign(ahead, { steady: ahead.steady + 60_000, wall: ahead.wall + 60_000 })
    })
    return withTables(
      ({ asked }) =>
        Effect.gen(function* () {
          const pass = yield* take("leavers")
          yield* pass.write("written before")
          yield* pass.guard
          expect(asked.slice(1)).toEqual([statements.write, statements.prove, statements.prove])
        }).pipe(on),
      { answer: (answered) => (answered === statements.take ? Effect.void : nap) }
    )
  })

  it.live("that is superseded fails at once, whatever its calls wait for", () =>
    withTables(() =>
      Effect.gen(function* () {
        const { ids, mock, withClient } = yield* workspace(9)
        yield* mock.script(Fault.next(Fault.swallowResponse), Fault.next(Fault.respond({ status: 503 })))
        const pass = yield* take("leavers")
        const deleting = yield* Effect.fork(withClient(Effect.flip(Stream.runDrain(resume(pass, ids)))))
        yield* Effect.sleep(1500)
        yield* Effect.fork(take("leavers"))
        expect((yield* Fiber.join(deleting))._tag).toBe("Superseded")
        // the first call still waits for its response, and the second one to be sent again: the third one's receipt is refused
        expect(yield* Clock.currentTimeMillis).toBe(2000)
      })
    )
  )
})
