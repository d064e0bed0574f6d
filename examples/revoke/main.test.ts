import type { ChildProcess } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Redacted, Schedule, Schema } from "effect"
import { Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { run } from "../../test/support/process.js"
import * as Tool from "../../test/support/tool.js"
import { address, served } from "../embedded/served.js"

beforeAll(async () => {
  await Tool.bundle()
})
afterAll(() => rmSync(Tool.directory, { recursive: true }))

/** A file of its own for each test. */
let files = 0
const path = () => {
  files += 1
  return join(Tool.directory, `file-${files}`)
}
const fileOf = (text: string) => {
  const file = path()
  writeFileSync(file, text)
  return file
}

/** Runs the tool; no secret, of which all are made up by that name, is ever shown. */
const revoke = (args: ReadonlyArray<string>, given?: Tool.Given) =>
  Effect.tap(Tool.revoke(args, given), ({ output }) => expect(output).not.toContain("made-up-secret"))

/** The tool with `--live`, at a double on a socket. */
const live = (args: ReadonlyArray<string>, given: Tool.Given = {}) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ name: "caller" })
    const environment = { INSTANTLY_API_KEY: Redacted.value(caller.secret), INSTANTLY_BASE_URL: yield* address }
    return yield* revoke(["--live", ...args], { ...given, environment: { ...environment, ...given.environment } })
  })

const keys = (n: number) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    return yield* Effect.forEach(Array.from({ length: n }), (_, index) => mock.createApiKey({ name: `key ${index}` }))
  })

const deletions = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  return (yield* mock.arrivals).filter(({ method }) => method === "DELETE")
})

/** The ids that were sent, in their order. */
const sent = Effect.map(deletions, (arrivals) => arrivals.map((arrival) => arrival.path.split("/").at(-1)))

const parse = Schema.decodeUnknownSync(Schema.parseJson(Revocation.Receipt))
const receiptsIn = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => parse(line))
const tags = (text: string) => receiptsIn(text).map(({ _tag }) => _tag)

const times = (words: string, n: number) => (output: string) => output.split(words).length > n

const absent = "019e18e2-78d4-7322-941a-7384d8969c61"
const nowhere = { INSTANTLY_API_KEY: "made-up-secret", INSTANTLY_BASE_URL: "http://127.0.0.1:9" }

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
      expect(embedded.output).toContain("made-up keys: nothing leaves this machine")
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
      expect(output).toContain('"zapier (old)"  campaigns:read leads:all  800 d old')
      expect(JSON.parse(readFileSync("package.json", "utf8")).scripts.revoke).toContain("examples/revoke/main.ts")
    })
  )

  it.live("proves that a leaked secret is dead, read from one line of stdin", () =>
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

describe("wrong usage", () => {
  const foreign = () => fileOf(`${JSON.stringify({ id: absent, made: "elsewhere" })}\n`)

  it.live.each([
    ["an argument that is no id", () => [absent, "made-up-secret", "--yes"], "", "Argument 2 is not the id"],
    ["an option that is none", () => [absent, "--lively=made-up-secret", "--yes"], "", "is not the id"],
    ["a secret after --leaked", () => ["--leaked", "made-up-secret", "--yes"], "", "Argument 1 is not the id"],
    ["the parser's own wizard", () => ["--wizard", "made-up-secret"], "", "There is no --wizard"],
    ["a log level that is none", () => ["--log-level", "made-up-secret"], "", "Nothing was sent"],
    [
      "a line of a file",
      () => ["--file", fileOf(`# ids\n\n${absent} # why\nmade-up-secret\n`), "--yes"],
      "",
      "In --file, line 4 is not"
    ],
    ["a line of stdin", () => ["--stdin", "--yes"], `${absent}\nmade-up-secret\n`, "On stdin, line 2 is not"],
    ["a file that is not there", () => ["--file", path(), "--yes"], "", "What --file names cannot be read"],
    ["no ids at all", () => ["--yes"], "", "Say which keys"],
    ["an empty name", () => ["--name", "", "--yes"], "", "--name is empty"],
    ["no --yes in a pipe", () => [absent], "", "say --yes"],
    [
      "--leaked in a pipe with nothing to choose from",
      () => ["--leaked", "--yes"],
      "x\n",
      "give ids, --file or --name"
    ],
    ["--leaked and --stdin", () => ["--leaked", "--stdin", "--yes"], "x\n", "may need stdin"],
    ["no secret for --leaked", () => ["--leaked", absent, "--yes"], "\n", "There is no secret in that line"],
    ["a file of something else", () => [absent, "--receipts", foreign(), "--yes"], "", "In --receipts, line 1 is not"],
    ["a directory for receipts", () => [absent, "--receipts", Tool.directory, "--yes"], "", "cannot be read"]
  ] as const)("is %s: exit code 2, nothing sent, nothing repeated", ([, args, input, words]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const { code, output } = yield* live(args(), { input })
      expect(output).toContain(words)
      expect(code).toBe(2)
      expect(yield* mock.arrivals).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("is no key to call with, and an address in the clear", () =>
    Effect.gen(function* () {
      const keyless = yield* revoke(["--live", absent, "--yes"])
      expect(keyless).toMatchObject({ code: 2, output: expect.stringContaining("INSTANTLY_API_KEY") })
      const clear = yield* revoke(["--live", absent, "--yes"], {
        environment: { ...nowhere, INSTANTLY_BASE_URL: "http://instantly.invalid" }
      })
      expect(clear).toMatchObject({ code: 2, output: expect.stringContaining("INSTANTLY_BASE_URL must use https") })
    })
  )

  it.live("is receipts that cannot be written, before anything is sent", () =>
    Effect.gen(function* () {
      const { code, output } = yield* live([absent, "--yes", "--receipts", join(Tool.directory, "none", "file")])
      expect(output).toContain("What --receipts names cannot be written")
      expect(code).toBe(2)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )
})

describe("which keys", () => {
  it.live("are those of the arguments, the file, stdin and the name together, each once", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [a, b, c, d] = (yield* keys(4)).map(({ id }) => id)
      yield* mock.createApiKey({ name: "Zapier" })
      const zapier = yield* mock.createApiKey({ name: "old zapier" })
      const file = fileOf(`\uFEFF# to go\r\n${b}\r\n\r\n${String(a).toUpperCase()}\r\n`)
      const { code, stdout } = yield* live([`${a}`, "--file", file, "--stdin", "--name", "zapier", "--yes"], {
        input: `${c}\n${d}`
      })
      expect(code).toBe(0)
      expect((yield* sent).sort()).toEqual([a, b, c, d, zapier.id].sort())
      expect(tags(stdout)).toEqual(["Deleted", "Deleted", "Deleted", "Deleted", "Deleted"])
    }).pipe(Effect.provide(served()))
  )

  it.live("act in the workspace of INSTANTLY_WORKSPACE_ID", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const sub = yield* mock.createWorkspace({ admin: mock.workspaceId })
      yield* mock.createApiKey({ name: "client", workspaceId: sub })
      const { code } = yield* live(["--name", "client", "--yes"], { environment: { INSTANTLY_WORKSPACE_ID: sub } })
      expect(code).toBe(0)
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["caller"])
    }).pipe(Effect.provide(served()))
  )

  it.live("are shown by --dry-run, which deletes none and says what is not there", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const key = yield* mock.createApiKey({ name: "odd \u001b[2Jname", scopes: ["leads:all"] })
      const { code, output } = yield* live([key.id, absent, "--dry-run"])
      expect(code).toBe(0)
      expect(output).toContain(`Workspace ${mock.workspaceId}`)
      expect(output).toContain(`${key.id}  "odd \uFFFD[2Jname"  leads:all  0 min old`)
      expect(output).toContain(`${absent}  not in this workspace`)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )
})

describe("the exit code", () => {
  it.live.each([
    ["0 where all are gone", 1, [], [], 0],
    ["1 where one is not in this workspace", 1, [absent], [], 1],
    ["1 where one failed", 2, [], [Fault.next(Fault.respond({ status: 418 }))], 1],
    ["3 where one is unknown", 2, [absent], [Fault.times(5, Fault.respond({ status: 502 }))], 3],
    ["3 where an answer was lost, and then there is no such key", 1, [], [Fault.next(Fault.loseResponse)], 3]
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

describe("--leaked", () => {
  it.live("of a secret that is dead says so, and deletes nothing", () =>
    Effect.gen(function* () {
      const { code, output } = yield* live(["--leaked", absent, "--yes"], { input: "made-up-secret-of-nobody\n" })
      expect(output).toContain("The secret is dead already")
      expect(code).toBe(0)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("asks again while a deleted key still works", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey()
      const { code, output } = yield* live(["--leaked", leaked.id, "--yes"], { input: Redacted.value(leaked.secret) })
      expect(output).toContain("The secret is dead: ")
      expect(code).toBe(0)
      const asked = (yield* mock.arrivals).filter(({ method }) => method === "GET").map(({ status }) => status)
      expect(asked.length).toBeGreaterThan(2)
    }).pipe(Effect.provide(served({ revocationLag: "2 seconds" })))
  )

  it.live("says that a secret is still accepted: exit code 1", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey()
      const other = yield* mock.createApiKey()
      const { code, output } = yield* live(["--leaked", other.id, "--yes"], { input: Redacted.value(leaked.secret) })
      expect(output).toContain("STILL ACCEPTED")
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )
})

describe("--receipts", () => {
  it.live("resumes: what is settled is not sent again, and a torn line is left behind", () =>
    Effect.gen(function* () {
      const ids = (yield* keys(3)).map(({ id }) => id)
      const file = path()
      expect((yield* live([...ids.slice(0, 1), "--yes", "--receipts", file])).code).toBe(0)
      const whole = readFileSync(file, "utf8")
      writeFileSync(file, `${whole}${whole.slice(0, 30)}`)
      const args = [...ids, "--yes", "--receipts", file]
      const second = yield* live(args)
      expect(second).toMatchObject({ code: 0, output: expect.stringContaining("1 of 3 are settled by --receipts") })
      expect((yield* sent).toSorted()).toEqual(ids.toSorted())
      const third = yield* live(args)
      expect(third).toMatchObject({ code: 0, stdout: "" })
      expect(yield* sent).toHaveLength(3)
      expect(readFileSync(file, "utf8").split("\n")[1]).toBe(whole.slice(0, 30))
    }).pipe(Effect.provide(served()))
  )

  it.live("keeps 1 as the exit code of what was not found before", () =>
    Effect.gen(function* () {
      const args = [absent, "--yes", "--receipts", path()]
      expect((yield* live(args)).code).toBe(1)
      expect((yield* live(args)).code).toBe(1)
      expect(yield* sent).toHaveLength(1)
    }).pipe(Effect.provide(served()))
  )

  it.live(
    "covers every one of 1,000 ids after a SIGKILL in the middle, and none is sent again that a receipt settles",
    () =>
      Effect.gen(function* () {
        const ids = (yield* keys(1000)).map(({ id }) => id)
        const file = path()
        const args = ["--file", fileOf(ids.join("\n")), "--yes", "--receipts", file]
        const third = times('"_tag":"Deleted"', 300)
        yield* live(args, { steps: [[third, (child) => child.kill("SIGKILL")]] })
        const sentBefore = yield* sent
        expect(sentBefore.length).toBeLessThan(900)
        const complete = readFileSync(file, "utf8").split("\n").slice(0, -1).join("\n")
        const settled = new Set<string | undefined>(receiptsIn(complete).map(({ id }) => id))
        expect(settled.size).toBeGreaterThanOrEqual(300)
        const { code } = yield* live(args)
        const sentAfter = (yield* sent).slice(sentBefore.length)
        expect(sentAfter.filter((id) => settled.has(id))).toEqual([])
        const all = receiptsIn(readFileSync(file, "utf8"))
        expect(new Set(all.filter(Revocation.isSettled).map(({ id }) => id))).toEqual(new Set(ids))
        // What was under way at the kill may be gone without a receipt: it is not found then, which is 1.
        expect([0, 1]).toContain(code)
      }).pipe(Effect.provide(served())),
    60_000
  )
})

describe("a signal", () => {
  it.live.each([{ signals: ["SIGINT"] }, { signals: ["SIGTERM"] }, { signals: ["SIGINT", "SIGTERM"] }] as const)(
    "stops: all that was sent has a receipt, and the rest is told ($signals)",
    ({ signals }) =>
      Effect.gen(function* () {
        const mock = yield* InstantlyMock.InstantlyMock
        const ids = (yield* keys(200)).map(({ id }) => id)
        yield* mock.script(Fault.always(Fault.delayResponse("100 millis")))
        const file = path()
        const { code, output } = yield* live(["--file", fileOf(ids.join("\n")), "--yes", "--receipts", file], {
          // two at once are one: npm passes on what the terminal has sent already
          steps: [[times('"_tag":"Deleted"', 20), (child) => signals.forEach((signal) => child.kill(signal))]]
        })
        const receipts = receiptsIn(readFileSync(file, "utf8"))
        expect(receipts.map(({ id }) => id).toSorted()).toEqual((yield* sent).toSorted())
        expect(receipts.length).toBeLessThan(200)
        expect(output).toContain(`Deleted: ${receipts.length}, not sent: ${200 - receipts.length}`)
        expect(code).toBe(1)
      }).pipe(Effect.provide(served()))
  )

  it.live("a second time quits at once", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [first, second] = yield* keys(2)
      yield* mock.script(Fault.forId(String(second?.id), Fault.swallowRequest))
      const { code } = yield* live([`${first?.id}`, `${second?.id}`, "--yes"], {
        steps: [
          ['"_tag":"Deleted"', (child) => child.kill("SIGINT")],
          ["Stopping", (child) => setTimeout(() => child.kill("SIGINT"), 2000)]
        ]
      })
      expect(code).toBe(130)
    }).pipe(Effect.provide(served()))
  )

  it.live("before the first deletion is exit code 2: nothing was deleted", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* mock.script(Fault.always(Fault.swallowRequest))
      const started = yield* Deferred.make<ChildProcess>()
      const running = yield* Effect.fork(
        live(["--name", "caller", "--yes"], { onStart: (child) => Deferred.unsafeDone(started, Effect.succeed(child)) })
      )
      yield* Effect.repeat(mock.arrivals, { until: (all) => all.length > 0, schedule: Schedule.spaced("20 millis") })
      const child = yield* Deferred.await(started)
      child.kill("SIGINT")
      expect(yield* Fiber.join(running)).toMatchObject({
        code: 2,
        output: expect.stringContaining("Nothing was deleted.")
      })
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

describe.skipIf(!Tool.hasScript)("in a terminal", () => {
  it.live("shows the workspace and the keys, takes delete N, moves a line, and says in words what happened", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const made = yield* keys(2)
      const { code, output } = yield* live(["--name", "key"], { terminal: true, steps: [["to go on:", "delete 2\r"]] })
      expect(output).toContain(`Workspace ${mock.workspaceId}`)
      expect(output).toContain(`${made[0]?.id}  "key 0"  all:all  0 min old`)
      expect(output).toContain(`${made[0]?.id}  deleted "key 0"`)
      expect(output).toMatch(/\d\/2 · [\d.]+\/s · \S+ s left · 0 failed/)
      expect(output).not.toContain('{"id"')
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live("shows bare ids where the keys cannot be listed, and takes yes for one", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
      const key = yield* mock.createApiKey({ name: "unseen" })
      const { code, output } = yield* live([key.id], {
        terminal: true,
        environment: { INSTANTLY_API_KEY: Redacted.value(caller.secret) },
        steps: [["to go on:", "yes\r"]]
      })
      expect(output).toContain("lacks api_keys:read")
      expect(output).toContain('deleted "unseen"')
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live.each([
    { answer: "another number", typed: "delete 3\r" },
    { answer: "yes to several", typed: "yes\r" },
    { answer: "Enter", typed: "\r" },
    { answer: "Ctrl-C", typed: "\u0003" },
    { answer: "Ctrl-D", typed: "\u0004" }
  ])("takes $answer for a no: exit code 2, nothing sent", ({ typed }) =>
    Effect.gen(function* () {
      yield* keys(2)
      const { code, output } = yield* live(["--name", "key"], { terminal: true, steps: [["to go on:", typed]] })
      expect(output).toContain("Nothing was deleted.")
      expect(code).toBe(2)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("--leaked asks for the secret without showing it, lists the keys, and proves that it is dead", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* keys(1)
      const leaked = yield* mock.createApiKey({ name: "zapier", scopes: ["leads:all"] })
      const { code, output } = yield* live(["--leaked"], {
        terminal: true,
        steps: [
          ["(it is not shown): ", `${Redacted.value(leaked.secret)}\r`],
          ["Numbers, such as", "2\r"],
          ["to go on:", "delete 1\r"]
        ]
      })
      expect(output).toContain(`2  ${leaked.id}  "zapier"  leads:all  0 min old`)
      expect(output).toContain("The secret is dead: ")
      expect(code).toBe(0)
      expect(yield* sent).toEqual([leaked.id])
    }).pipe(Effect.provide(served()))
  )

  it.live("Ctrl-C in the middle stops, with a receipt for all that was sent", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const ids = (yield* keys(200)).map(({ id }) => id)
      yield* mock.script(Fault.always(Fault.delayResponse("100 millis")))
      const file = path()
      const { code, output } = yield* live(["--file", fileOf(ids.join("\n")), "--yes", "--receipts", file], {
        terminal: true,
        steps: [[times('deleted "key', 10), "\u0003"]]
      })
      expect(output).toContain("Stopping")
      const receipts = receiptsIn(readFileSync(file, "utf8"))
      expect(receipts.map(({ id }) => id).toSorted()).toEqual((yield* sent).toSorted())
      expect(receipts.length).toBeLessThan(200)
      expect(code, output).toBe(1)
    }).pipe(Effect.provide(served()))
  )
})
