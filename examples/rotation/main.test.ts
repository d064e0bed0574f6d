import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { run } from "../../test/support/process.js"
import { address, served } from "../embedded/served.js"

describe("examples/rotation/main.ts", () => {
  it.live("replaces the key it authenticates with, and only the owner of the file can read the new one", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "rotation-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      const file = join(directory, "key")
      const old = yield* mock.createApiKey({ name: "app 2025-01-01T00:00:00.000Z", scopes: ["api_keys:all"] })
      const { code, output } = yield* run("examples/rotation/main.ts", [old.id, file], {
        INSTANTLY_API_KEY: Redacted.value(old.secret),
        INSTANTLY_BASE_URL: yield* address
      })
      const keys = yield* mock.apiKeys
      expect(output.trim()).toBe(`Use the successor ${keys[0]?.id}: the old key is gone. Nothing is left over.`)
      expect(code).toBe(0)
      expect(keys).toMatchObject([{ name: expect.stringMatching(/^app \d{4}-\S+Z$/), scopes: ["api_keys:all"] }])
      expect(readFileSync(file, "utf8")).toBe(`${keys.map(({ secret }) => Redacted.value(secret))}\n`)
      expect(statSync(file).mode & 0o777).toBe(0o600)
    }).pipe(Effect.scoped, Effect.provide(served()))
  )
})
