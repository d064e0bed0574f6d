import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { run } from "../../test/support/process.js"
import {
  absent,
  bundled,
  fileOf,
  keys,
  live,
  nowhere,
  path,
  receiptsIn,
  revoke,
  sent,
  tags
} from "../../test/support/tool.js"
import { address, served } from "../embedded/served.js"

bundled()

describe("without --live", () => {
  it.live("runs against made-up keys, and never elsewhere, whatever the environment says", () =>
    Effect.gen(function* () {
      const { code, output, stdout } = yield* live([], { environment: nowhere })
      expect(code).toBe(2)
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const environment = { INSTANTLY_API_KEY: Redacted.value(caller.secret), INSTANTLY_BASE_URL: yield* address }
      const embedded = yield* revoke(["--name", "zapier", "--yes"], { environment })
      expect(embedded.code).toBe(0)
      expect(embedded.output).toContain("made-up keys. Nothing leaves this machine")
      expect(tags(embedded.stdout)).toEqual(["Deleted", "Deleted"])
      expect(yield* mock.arrivals).toEqual([])
      expect(stdout).toBe("")
      expect(output).toContain("Say which keys")
    }).pipe(Effect.provide(served()))
  )

  it.live("npm run revoke shows, with --dry-run, names, scopes and ages", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("examples/revoke/main.ts", ["--name", "zapier", "--dry-run"])
      expect(code).toBe(0)
      expect(output).toContain('"zapier (old)"  "campaigns:read leads:all"  800 d old')
      expect(JSON.parse(readFileSync("package.json", "utf8")).scripts.revoke).toContain("examples/revoke/main.ts")
    })
  )

  it.live("checks that a leaked secret is dead, which it reads from one line of stdin", () =>
    Effect.gen(function* () {
      const { code, output } = yield* revoke(["--leaked", "--name", "old", "--yes"], { input: "made-up-and-leaked\n" })
      expect(output).toContain("The secret is dead: Instantly does not accept it any more.")
      expect(code).toBe(0)
    })
  )
})

describe("--help", () => {
  it.live("tells every option and exit code", () =>
    Effect.gen(function* () {
      const { code, output } = yield* revoke(["--help"])
      expect(code).toBe(0)
      for (const name of ["file", "stdin", "name", "leaked", "dry-run", "yes", "receipts", "live"]) {
        expect(output).toContain(`--${name}`)
      }
      for (const number of [0, 1, 2, 3, 4]) expect(output).toContain(`\n${number}  `)
    })
  )
})

describe("the exit code", () => {
  it.live.each([
    ["0 where all are gone", 1, [], [], 0],
    ["1 where one is not in this workspace", 1, [absent], [], 1],
    ["1 where one failed", 2, [], [Fault.next(Fault.respond({ status: 418 }))], 1],
    ["3 where one is unknown", 2, [absent], [Fault.times(5, Fault.respond({ status: 502 }))], 3],
    ["3 where a response was lost, and then there is no such key", 1, [], [Fault.next(Fault.loseResponse)], 3]
  ] as const)("is %s", ([, n, others, faults, expected]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const ids = (yield* keys(n)).map(({ id }) => id)
      yield* mock.script(...faults)
      const { code, stdout } = yield* live([...ids, ...others, "--yes"])
      expect(code).toBe(expected)
      expect(receiptsIn(stdout)).toHaveLength(n + others.length)
    }).pipe(Effect.provide(served()))
  )

  it.live.each([
    ["401", { INSTANTLY_API_KEY: "made-up-secret-unknown" }, true],
    ["402", {}, false]
  ] as const)("is 4 after a %s, which comes before all else", ([, environment, paid]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* mock.setPaid(paid)
      const { code } = yield* live([absent, "--yes"], { environment })
      expect(code).toBe(4)
      expect((yield* live(["--name", "x", "--yes"], { environment })).code).toBe(4)
    }).pipe(Effect.provide(served()))
  )

  it.live("is 4 after a 403; and 1 where no key has the name", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const reader = yield* mock.createApiKey({ scopes: ["api_keys:read"] })
      const environment = { INSTANTLY_API_KEY: Redacted.value(reader.secret) }
      expect((yield* live(["--name", "caller", "--yes"], { environment })).code).toBe(4)
      expect(yield* live(["--name", "nobody", "--yes"], { environment })).toMatchObject({ code: 1, stdout: "" })
    }).pipe(Effect.provide(served()))
  )
})

describe("a reader of stdout that goes away", () => {
  it.live("stops it, and the receipts are kept", () =>
    Effect.gen(function* () {
      const ids = (yield* keys(200)).map(({ id }) => id)
      const file = path()
      const { code, output } = yield* live(["--file", fileOf(ids.join("\n")), "--yes", "--receipts", file], {
        steps: [['"_tag":"Deleted"', (child) => child.stdout?.destroy()]]
      })
      expect(output).toContain("Stopping")
      expect(
        receiptsIn(readFileSync(file, "utf8"))
          .map(({ id }) => id)
          .toSorted()
      ).toEqual((yield* sent).toSorted())
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )
})
