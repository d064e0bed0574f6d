/** A rotation whose worker is killed at each of its steps: another worker goes on, and exactly one successor is there. */
import { describe, expect, layer } from "@effect/vitest"
import { Effect, Fiber, Option, Redacted } from "effect"
import { histories } from "../../test/support/histories.js"
import { Rotate } from "./rotate.js"
import { isInstalled, Servers } from "./support/servers.js"
import * as World from "./support/world.js"

const rounds = histories(10)

const moments: ReadonlyArray<World.Moment> = [
  { at: "GET", request: "lost" },
  { at: "ends: plan" },
  { at: "POST", request: "lost" },
  { at: "POST", request: "carried out" },
  { at: "POST", request: "late" },
  { at: "ends: create" },
  { at: "PROOF", nth: 1, request: "lost" },
  { at: "ends: check" },
  { at: "begins: hand over" },
  { at: "ends: hand over" },
  { at: "DELETE", request: "lost" },
  { at: "DELETE", request: "carried out" },
  { at: "ends: delete" },
  { at: "PROOF", nth: 2, request: "lost" },
  { at: "ends: confirm" },
  { at: "begins: forget" },
  { at: "ends: forget" }
]

/** One key is rotated by the workers that are there, while `meanwhile` happens to them. */
const rotation = (world: World.World, run: string, meanwhile: Effect.Effect<unknown>) =>
  Effect.gen(function* () {
    const old = yield* world.mock.createApiKey({ name: `app of ${run}`, scopes: ["leads:read"] })
    world.vault.put(old)
    const rotating = yield* Effect.fork(Effect.provide(Rotate.execute({ run, old: old.id }), world.client))
    yield* meanwhile
    const report = yield* Fiber.join(rotating)

    const keys = (yield* world.mock.apiKeys).filter(({ name }) => name.startsWith(`app of ${run}`))
    expect(keys).toMatchObject([{ name: `app of ${run} (rotation ${run})`, scopes: ["leads:read"] }])
    const successor = Option.getOrThrow(Option.fromNullable(keys[0]))
    expect(report).toEqual({ _tag: "Rotated", successor: successor.id })
    expect(world.vault.read("current")).toBe(successor.id)
    expect(world.vault.read(successor.id)).toBe(Redacted.value(successor.secret))
    return successor
  })

describe.skipIf(!isInstalled)("a rotation", () => {
  layer(Servers.Live, { excludeTestServices: true, timeout: "20 minutes" })((it) => {
    it.scoped.each(moments.map((moment) => [World.nameOf(moment), moment] as const))(
      `goes on in a new worker, ${rounds} times, when the first is killed %s`,
      ([, moment]) =>
        Effect.gen(function* () {
          const world = yield* World.make()
          yield* world.startWorker
          const successors: Array<string> = []
          for (let round = 0; round < rounds; round++) {
            const killed = yield* world.killAt(moment)
            const { id } = yield* rotation(world, `r${round}`, Effect.zipRight(killed, world.startWorker))
            successors.push(id)
          }
          // nothing is left of keys that nobody has
          expect(world.vault.files()).toEqual([...successors, "current"].sort())
          yield* World.expectNoSecrets(world, successors)
        }),
      { concurrent: true }
    )

    it.scoped(
      `goes on in a worker that waits, ${rounds} times, when two of three that start at once are killed`,
      () =>
        Effect.gen(function* () {
          const world = yield* World.make()
          const successors: Array<string> = []
          for (let round = 0; round < rounds; round++) {
            yield* world.startWorker
            yield* world.startWorker
            if (round === 0) yield* world.startWorker
            const first = yield* world.killAt({ at: "begins: create" })
            const second = Effect.flatten(world.killAt({ at: "begins: confirm" }))
            const { id } = yield* rotation(world, `r${round}`, Effect.zipRight(first, second))
            successors.push(id)
          }
          yield* World.expectNoSecrets(world, successors)
        }),
      { concurrent: true }
    )
  })
})
