import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"
import { inThePast } from "../../../src/cli/instantly/rehearsal.js"
import { run } from "../../support/process.js"
import {
  absent,
  bundled,
  fileOf,
  keys,
  live,
  nowhere,
  pasteRehearsed,
  path,
  receiptsIn,
  refusal,
  sent,
  sentBy,
  tags,
  tool
} from "../../support/tool.js"

bundled()

describe("--rehearse", () => {
  it.live("works on made-up keys, and never elsewhere, whatever the environment says", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey()
      const environment = { INSTANTLY_API_KEY: Redacted.value(caller.secret), INSTANTLY_BASE_URL: yield* address }
      const rehearsed = yield* tool(["revoke", "--rehearse", "--name", "zapier", "--yes"], { environment })
      expect(rehearsed.output).toContain("made-up keys in this process. Nothing leaves this machine")
      expect(rehearsed.code).toBe(0)
      expect(tags(rehearsed.stdout)).toEqual(["Deleted", "Deleted"])
      expect(yield* mock.arrivals).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("runs from its source, and shows with --dry-run what it would delete", () =>
    Effect.gen(function* () {
      const { code, output } = yield* run("src/cli/main.ts", ["revoke", "--rehearse", "--name", "zapier", "--dry-run"])
      expect(output).toMatch(/^\{"id":"[0-9a-f-]{36}","name":"zapier \(old\)","_tag":"WouldDelete"\}$/m)
      expect(code).toBe(0)
      expect(JSON.parse(readFileSync("package.json", "utf8")).scripts.tool).toContain("src/cli/main.ts")
    })
  )

  it.live("checks that a leaked secret is dead, which it reads from one line of stdin", () =>
    Effect.gen(function* () {
      const { code, output } = yield* tool(["revoke", "--rehearse", "--leaked", "--name", "old", "--yes"], {
        open: true,
        steps: [pasteRehearsed("pipe")]
      })
      expect(output).toContain("The secret is dead: Instantly accepted it before")
      expect(code).toBe(0)
    })
  )
})

describe("without --rehearse", () => {
  it.live("is live; without a terminal it deletes nothing unless --yes is given", () =>
    Effect.gen(function* () {
      const [id] = (yield* keys(1)).map((key) => `${key.id}`)
      const refused = yield* live([`${id}`])
      expect(refused).toMatchObject({ code: 2, output: expect.stringContaining("There is no terminal to ask on") })
      expect(yield* sent).toEqual([])
      expect((yield* live([`${id}`, "--yes"])).code).toBe(0)
      expect(yield* sent).toEqual([id])
    }).pipe(Effect.provide(served()))
  )

  it.live("names address and workspace in the summary", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [key] = yield* keys(1)
      const { output } = yield* live([`${key?.id}`, "--yes"])
      expect(output).toContain(`${yield* address} · workspace ${mock.workspaceId}:\nDeleted: 1`)
    }).pipe(Effect.provide(served()))
  )
})

describe("the exit code", () => {
  it.live.each([
    ["0 where all are gone", 1, [], () => [], 0],
    ["1 where one is not in this workspace", 1, [absent], () => [], 1],
    ["1 where one failed", 2, [], (id: string) => [Fault.forId(id, refusal)], 1],
    ["3 where one is unknown", 1, [absent], () => [Fault.forId(absent, Fault.respond({ status: 502 }))], 3],
    ["0 where a response was lost, and then no list shows the key", 1, [], () => [Fault.nth(3, Fault.loseResponse)], 0]
  ] as const)("is %s", ([, n, others, faults, expected]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const ids = (yield* keys(n)).map(({ id }) => id)
      yield* mock.script(...faults(`${ids[0]}`))
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
      expect((yield* live([absent, "--yes"], { environment })).code).toBe(4)
      expect((yield* live(["--name", "x", "--yes"], { environment })).code).toBe(4)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("is 4 after a 403; and 1 where no key has the name", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const reader = yield* mock.createApiKey({ scopes: ["api_keys:read"] })
      const environment = { INSTANTLY_API_KEY: Redacted.value(reader.secret) }
      expect((yield* live(["--name", "caller", "--yes"], { environment })).code).toBe(4)
      expect(yield* live(["--name", "nobody", "--yes"], { environment })).toMatchObject({
        code: 1,
        stdout: "",
        output: expect.stringMatching(
          /^No key at .* has a name that contains the text of --name.*\nNothing was deleted/
        )
      })
    }).pipe(Effect.provide(served()))
  )

  it.live("is 0 where a list lags by two seconds", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [key] = yield* inThePast(1)(keys(1))
      const { code, output } = yield* live([`${key?.id}`, "--yes"])
      expect(output).toContain("The list of keys was checked: none of them is on it.")
      expect(code).toBe(0)
      const lists = (yield* mock.arrivals).filter(({ method }) => method === "GET")
      expect(lists.length).toBeGreaterThan(3)
    }).pipe(Effect.provide(served({ listLag: "2 seconds" })))
  )

  it.live("is 3, and not 0, where the keys cannot be listed", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [key] = yield* keys(1)
      const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
      const environment = { INSTANTLY_API_KEY: Redacted.value(caller.secret) }
      const { code, output } = yield* live([`${key?.id}`, "--yes"], { environment })
      expect(output).toContain("It was not checked whether they are gone")
      expect(code).toBe(3)
    }).pipe(Effect.provide(served()))
  )
})

describe("a proxy that responds to all with a page of its own", () => {
  it.live("makes it 3, because no list shows that the keys are gone; and in the next run, too", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [key] = yield* keys(1)
      yield* mock.script(Fault.always(Fault.respond({ status: 200, body: "<html>" })))
      const args = [`${key?.id}`, "--yes", "--journal", path()]
      const words = "It was not checked whether they are gone"
      expect(yield* live(args)).toMatchObject({ code: 3, output: expect.stringContaining(words) })
      expect(yield* live(args)).toMatchObject({ code: 3, output: expect.stringContaining(words) })
      expect(yield* sent).toHaveLength(2)
    }).pipe(Effect.provide(served()))
  )
})

describe("a reader of stdout that goes away", () => {
  it.live("stops it, and the journal has what was sent", () =>
    Effect.gen(function* () {
      const ids = (yield* keys(200)).map(({ id }) => id)
      const file = path()
      const { code, output } = yield* live(["--file", fileOf(ids.join("\n")), "--yes", "--journal", file], {
        steps: [['"_tag":"Deleted"', (child) => child.stdout?.destroy()]]
      })
      expect(output).toContain("Stopping")
      expect(sentBy(readFileSync(file, "utf8")).toSorted()).toEqual((yield* sent).toSorted())
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )
})

it.live("a missing INSTANTLY_API_KEY, or an address without TLS, is wrong usage", () =>
  Effect.gen(function* () {
    const keyless = yield* tool(["revoke", absent, "--yes"])
    expect(keyless).toMatchObject({ code: 2, output: expect.stringContaining("There is no API key to call with") })
    const clear = yield* tool(["revoke", absent, "--yes"], {
      environment: { ...nowhere, INSTANTLY_BASE_URL: "http://instantly.invalid" }
    })
    expect(clear).toMatchObject({
      code: 2,
      output: expect.stringContaining('INSTANTLY_BASE_URL: "baseUrl must use https')
    })
  })
)
