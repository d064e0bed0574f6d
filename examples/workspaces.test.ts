import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { hostileName, hostileNamePrinted, runExample } from "../test/support/example.js"
import { served } from "./embedded/served.js"

describe("examples/workspaces.ts", () => {
  it.live("deletes keys in each workspace, also when one of them has no plan", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const paid = yield* mock.createWorkspace({ admin: mock.workspaceId })
      const unpaid = yield* mock.createWorkspace({ admin: mock.workspaceId, paid: false })
      const targets = yield* Effect.forEach([unpaid, paid, unpaid, mock.workspaceId, paid], (workspaceId) =>
        Effect.map(mock.createApiKey({ name: hostileName, workspaceId }), ({ id }) => `${workspaceId}=${id}`)
      )
      const { code, output } = yield* runExample("examples/workspaces.ts", targets)
      expect(code).toBe(0)
      expect(output.trim().split("\n").sort()).toEqual(
        [
          ...[unpaid, unpaid].map((id) => `${id}: PaymentRequired`),
          ...[paid, paid, mock.workspaceId].map((id) => `${id}: deleted ${hostileNamePrinted}`)
        ].sort()
      )
    }).pipe(Effect.provide(served()))
  )
})
