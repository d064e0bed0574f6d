import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { hostileName, hostileNamePrinted, runExample } from "../test/support/example.js"
import { served } from "./embedded/served.js"

describe("examples/workspaces.ts", () => {
  it.live("deletes keys in each workspace, and ends with 0 if nothing is left to do", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const sub = yield* mock.createWorkspace({ admin: mock.workspaceId })
      const targets = yield* Effect.forEach([sub, mock.workspaceId, sub], (workspaceId) =>
        Effect.map(mock.createApiKey({ name: hostileName, workspaceId }), ({ id }) => `${workspaceId}=${id}`)
      )
      const { code, output } = yield* runExample("examples/workspaces.ts", targets)
      expect(output.trim().split("\n").sort()).toEqual(
        [sub, mock.workspaceId, sub].map((id) => `${id}: deleted ${hostileNamePrinted}`).sort()
      )
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("goes on in the others if one has no plan and one does not exist, says why, and ends with 1", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const paid = yield* mock.createWorkspace({ admin: mock.workspaceId })
      const unpaid = yield* mock.createWorkspace({ admin: mock.workspaceId, paid: false })
      const { id } = yield* mock.createApiKey({ workspaceId: paid })
      const targets = [unpaid, "made-up", paid].map((workspaceId) => `${workspaceId}=${id}`)
      const { code, output } = yield* runExample("examples/workspaces.ts", targets)
      expect(output).toContain(`${paid}: deleted`)
      expect(output).toContain(`${unpaid}: The workspace has no active paid plan (402)`)
      expect(output).toMatch(/^made-up: The response had status 403: .*\n.* the `workspaceId`, /m)
      expect(output.trim().split("\n").at(-1)).toBe("2 not settled")
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )
})
