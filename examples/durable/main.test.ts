import { describe, expect, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { isInstalled, Servers } from "./support/servers.js"
import * as World from "./support/world.js"

describe.skipIf(!isInstalled)("examples/durable/main.ts", () => {
  layer(Servers.Live, { excludeTestServices: true, timeout: "20 minutes" })((it) => {
    /** A world with a worker, and a key to rotate. */
    const withKey = Effect.gen(function* () {
      const world = yield* World.make({ PATIENCE: "0 seconds", PASSES: "1" })
      yield* world.startWorker
      const old = yield* world.mock.createApiKey({ name: "app (EU)" })
      world.vault.put(old)
      return { world, old }
    })

    it.scoped("rotates a key, and says it again when it is asked again", () =>
      Effect.gen(function* () {
        const { old, world } = yield* withKey
        const first = yield* world.run(["rotate", "spring", old.id])
        const { id } = (yield* world.mock.apiKeys).find(({ name }) => name === "app (EU) (rotation spring)") ?? {
          id: ""
        }
        expect(first).toEqual({
          code: 0,
          output: `Use the successor ${id}: the old key is gone. Nothing is left over.\n`
        })
        expect(yield* world.run(["rotate", "spring", old.id])).toEqual(first)

        const next = yield* world.run(["rotate", "autumn", id])
        expect(next.output).toContain("the old key is gone")
        expect((yield* world.mock.apiKeys).map(({ name }) => name)).toEqual(["worker", "app (EU) (rotation autumn)"])
      })
    )

    it.scoped("revokes keys, and prints a receipt for each", () =>
      Effect.gen(function* () {
        const { old, world } = yield* withKey
        const unknown = "019e18e2-78d4-7322-941a-7384d8969c61"
        const { code, output } = yield* world.run(["revoke", "leavers", old.id, unknown, old.id.toUpperCase()])
        expect(code).toBe(0)
        const receipts = output
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
        expect(receipts.sort((a, b) => (a._tag < b._tag ? -1 : 1))).toMatchObject([
          { _tag: "Deleted", id: old.id, name: "app (EU)" },
          { _tag: "NotFound", id: unknown, outcome: "NotApplied" }
        ])
      })
    )

    it.scoped("ends with 1 when a key could not be deleted", () =>
      Effect.gen(function* () {
        const { old, world } = yield* withKey
        yield* world.failing(old.id, 1, 400, "Bad Request")
        const { code, output } = yield* world.run(["revoke", "leavers", old.id])
        expect(code).toBe(1)
        expect(JSON.parse(output)).toMatchObject({ _tag: "Failed", id: old.id })
      })
    )

    it.scoped("leaves everything as it was when the successor cannot be checked", () =>
      Effect.gen(function* () {
        const { old, world } = yield* withKey
        // as many as the standard policy has attempts
        yield* world.failing("api-keys?limit=1", 5)
        const { code, output } = yield* world.run(["rotate", "spring", old.id])
        expect(code).toBe(1)
        expect(output).toMatch(/^Use the old key: it works as before\. Not rotated: .* Nothing is left over\.\n$/s)
        expect((yield* world.mock.apiKeys).map(({ name }) => name)).toEqual(["worker", "app (EU)"])
        expect(world.vault.files()).toEqual([old.id])
      })
    )

    it.scoped("tells a person what to do when the old key cannot be deleted", () =>
      Effect.gen(function* () {
        const { old, world } = yield* withKey
        yield* world.failing(old.id, 1, 400, "Bad Request")
        const { code, output } = yield* world.run(["rotate", "spring", old.id])
        expect(code).toBe(1)
        const { id } = (yield* world.mock.apiKeys).find(({ name }) => name === "app (EU) (rotation spring)") ?? {
          id: ""
        }
        expect(output).toContain(
          `Use the successor ${id}. The old key ${old.id} still works: delete it. Not finished: `
        )
        expect(world.vault.read("current")).toBe(id)
      })
    )

    it.scoped("deletes no key of others that has the successor's name", () =>
      Effect.gen(function* () {
        const { old, world } = yield* withKey
        const other = yield* world.mock.createApiKey({ name: "app (EU) (rotation spring)" })
        const { code, output } = yield* world.run(["rotate", "spring", old.id])
        expect(code).toBe(1)
        expect(output).toBe(
          "Use the old key: it works as before. Not rotated: another key has the name that the successor would have. Nothing is left over.\n"
        )
        expect((yield* world.mock.apiKeys).map(({ id }) => id)).toEqual(expect.arrayContaining([old.id, other.id]))
      })
    )

    it.scoped("shows how it is used, and not what it was given by mistake", () =>
      Effect.gen(function* () {
        const { old, world } = yield* withKey
        for (const args of [
          [],
          ["rotate"],
          ["rotate", "spring"],
          ["rotate", "spring", old.id, old.id],
          ["revoke", "run"]
        ]) {
          expect(yield* world.run(args)).toEqual({ code: 2, output: expect.stringMatching(/^Usage: .*\n$/) })
        }
        const { code, output } = yield* world.run(["rotate", "spring", Redacted.value(old.secret)])
        expect(code).toBe(2)
        expect(output).toContain("An id is a UUID")
        expect(output).not.toContain(Redacted.value(old.secret))
      })
    )
  })
})
