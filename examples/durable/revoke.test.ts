/** A revocation whose worker is killed at each of its steps: another worker goes on, and each id has one settled receipt. */
import { describe, expect, layer } from "@effect/vitest"
import { Effect, Fiber, Schema } from "effect"
import { Revocation } from "effect-instantly"
import { histories } from "../../test/support/histories.js"
import { Revoke } from "./revoke.js"
import { isInstalled, Servers } from "./support/servers.js"
import * as World from "./support/world.js"

const rounds = histories(10)

/** As many keys as are deleted at once. */
const keys = 6

const moments: ReadonlyArray<World.Moment> = [
  { at: "begins: pass 1" },
  { at: "DELETE", nth: 1, request: "lost" },
  { at: "DELETE", nth: 1, request: "carried out" },
  { at: "DELETE", nth: 3, request: "lost" },
  { at: "DELETE", nth: 3, request: "carried out" },
  { at: "DELETE", nth: keys, request: "lost" },
  { at: "DELETE", nth: keys, request: "carried out" },
  { at: "ends: pass 1" }
]

const receiptsOf = Schema.decodeUnknownSync(Schema.Array(Schema.parseJson(Revocation.Entry)))

/** Some keys are revoked by the workers that are there, while `meanwhile` happens to them. */
const revocation = (world: World.World, run: string, meanwhile: Effect.Effect<unknown>, outage = 0) =>
  Effect.gen(function* () {
    const made = yield* Effect.replicateEffect(world.mock.createApiKey({ name: run }), keys)
    const ids = made.map(({ id }) => id)
    yield* Effect.forEach(ids.slice(0, 1), (id) => world.failing(id, outage))
    const revoking = yield* Effect.fork(Effect.provide(Revoke.execute({ run, ids }), world.client))
    yield* meanwhile
    const receipts = yield* Fiber.join(revoking)

    expect((yield* world.mock.apiKeys).filter(({ name }) => name === run)).toEqual([])
    expect(receipts.map(({ id }) => id).sort()).toEqual([...ids].sort())
    for (const receipt of receipts) {
      expect(Revocation.isSettled(receipt)).toBe(true)
      // nobody else deleted it
      if (receipt._tag === "NotFound") expect(receipt.outcome).toBe("Unknown")
    }
    const settled = receiptsOf(world.entries(run)).filter(
      (entry) => entry._tag !== "Begun" && Revocation.isSettled(entry)
    )
    expect(settled.map(({ id }) => id).sort()).toEqual([...ids].sort())
    return receipts
  })

describe.skipIf(!isInstalled)("a revocation", () => {
  layer(Servers.Live, { excludeTestServices: true, timeout: "20 minutes" })((it) => {
    it.scoped.each(moments.map((moment) => [World.nameOf(moment), moment] as const))(
      `goes on in a new worker, ${rounds} times, when the first is killed %s`,
      ([, moment]) =>
        Effect.gen(function* () {
          const world = yield* World.make()
          yield* world.startWorker
          const all: Array<string> = []
          for (let round = 0; round < rounds; round++) {
            const killed = yield* world.killAt(moment)
            let at = ""
            const receipts = yield* revocation(
              world,
              `r${round}`,
              killed.pipe(
                Effect.tap((what) => Effect.sync(() => (at = what))),
                Effect.zipRight(world.startWorker)
              )
            )
            all.push(...receipts.map(({ id }) => id))
            const receipt = receipts.find(({ id }) => id === World.idIn(at))
            if (moment.request !== undefined) {
              expect(receipt).toMatchObject(
                moment.request === "lost"
                  ? { _tag: "Deleted" }
                  : { _tag: "NotFound", message: expect.stringContaining("Most likely it deleted the key.") }
              )
            }
          }
          yield* World.expectNoSecrets(world, all)
        }),
      { concurrent: true }
    )

    it.scoped(
      `sends again what an outage left, after a pause, even if the worker is killed in it, ${rounds} times`,
      () =>
        Effect.gen(function* () {
          const world = yield* World.make({ PAUSE: "1 second" })
          yield* world.startWorker
          const all: Array<string> = []
          for (let round = 0; round < rounds; round++) {
            const killed = yield* world.killAt({ at: "pauses" })
            // as many as the standard policy has attempts
            const receipts = yield* revocation(world, `r${round}`, Effect.zipRight(killed, world.startWorker), 5)
            all.push(...receipts.map(({ id }) => id))
            expect(receipts.map(({ _tag }) => _tag)).toEqual(receipts.map(() => "Deleted"))
          }
          yield* World.expectNoSecrets(world, all)
        }),
      { concurrent: true }
    )
  })
})
