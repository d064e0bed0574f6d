import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { hostileName, hostileNamePrinted, runExample } from "../test/support/example.js"
import { served } from "./embedded/served.js"

describe("examples/delete.ts", () => {
  it.live("deletes the key it is given, and prints its name without what could harm a terminal", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: hostileName })
      expect(yield* runExample("examples/delete.ts", [leaked.id])).toMatchObject({
        code: 0,
        output: expect.stringContaining(`deleted ${hostileNamePrinted}`)
      })
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["caller"])
    }).pipe(Effect.provide(served()))
  )
})
