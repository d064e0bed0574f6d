import { readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"
import { hostileName } from "../../support/example.js"
import { isWhole, scaled } from "../../support/histories.js"
import {
  absent,
  atDouble,
  bundled,
  fileOf,
  journalIn,
  keptIn,
  keys,
  live,
  path,
  receiptsIn,
  sent,
  times,
  tool
} from "../../support/tool.js"

bundled()

const kills = isWhole ? 10 : 2
const many = scaled(1000)

/** The tool with one API key, run after run. */
const withOneKey = Effect.map(
  atDouble,
  (environment) => (args: ReadonlyArray<string>, given?: Parameters<typeof live>[1]) =>
    tool(["revoke", ...args], { ...given, environment: { ...environment, ...given?.environment } })
)

describe("a receipt on stdout", () => {
  it.live("has the key's name as JSON, without what could harm a terminal", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const { id, name } = yield* mock.createApiKey({ name: hostileName })
      const { output, stdout } = yield* live([id, "--yes"])
      expect(receiptsIn(stdout)).toMatchObject([{ _tag: "Deleted", id, name: Option.some(name) }])
      expect(output).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u)
    }).pipe(Effect.provide(served()))
  )
})

describe("--journal", () => {
  it.live("begins with the address, the workspace and a fingerprint, and has each id before and after", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const environment = yield* atDouble
      const [key] = yield* keys(1)
      const file = path()
      yield* tool(["revoke", `${key?.id}`, "--yes", "--journal", file], { environment })
      const text = readFileSync(file, "utf8")
      expect(journalIn(text)).toMatchObject([
        { _tag: "Run", address: yield* address, workspace: Option.some(mock.workspaceId) },
        { _tag: "Begun", id: key?.id },
        { _tag: "Deleted", id: key?.id }
      ])
      expect(text).not.toContain(environment.INSTANTLY_API_KEY)
    }).pipe(Effect.provide(served()))
  )

  it.live(
    "resumes: what is settled is not sent again, what was cut off is in doubt, and the end is the same as in the next run",
    () =>
      Effect.gen(function* () {
        const mock = yield* InstantlyMock.InstantlyMock
        const revoke = yield* withOneKey
        const ids = (yield* keys(3)).map(({ id }) => id)
        const file = path()
        expect((yield* revoke([...ids.slice(0, 1), "--yes", "--journal", file])).code).toBe(0)
        // A run that was killed: it had begun with the second id, which is gone, and was writing its receipt.
        yield* Effect.forEach(ids.slice(1, 2), mock.deleteApiKey)
        const before = readFileSync(file, "utf8")
        writeFileSync(file, `${before}${before.split("\n")[2]?.replaceAll(`${ids[0]}`, `${ids[1]}`).slice(0, 80)}`)
        const args = [...ids, absent, "--yes", "--journal", file]
        const second = yield* revoke(args)
        expect(second.output).toContain("By the journal, 1 of 4 are done: 1 deleted.")
        expect(second.output).toContain("In doubt: 1.")
        expect(receiptsIn(second.stdout)).toEqual(
          expect.arrayContaining([
            expect.objectContaining({ _tag: "NotFound", id: ids[1], outcome: "Unknown" }),
            expect.objectContaining({ _tag: "NotFound", id: absent, outcome: "NotApplied" })
          ])
        )
        expect(second.output).toContain("most likely deleted by an earlier run: 1, ")
        // of the one that was never there
        expect(second.code).toBe(1)
        const third = yield* revoke(args)
        expect(third.output).toContain(
          "By the journal, 4 of 4 are done: 2 deleted, 1 most likely deleted by an earlier run, 1 not found."
        )
        expect(third).toMatchObject({ code: 1, stdout: "" })
        const fourth = yield* revoke([...ids, "--yes", "--journal", file])
        expect(fourth).toMatchObject({ code: 0, stdout: "" })
        expect((yield* sent).toSorted()).toEqual([...ids, absent].toSorted())
      }).pipe(Effect.provide(served()))
  )

  it.live("of another address, of another workspace or of a rehearsal is refused, and nothing is sent", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const revoke = yield* withOneKey
      const file = path()
      yield* revoke([absent, "--yes", "--journal", file])
      const before = (yield* sent).length
      const text = readFileSync(file, "utf8")
      const args = [absent, "--yes", "--journal"]
      const refused = (text: string, words: string) =>
        Effect.gen(function* () {
          const { code, output } = yield* revoke([...args, fileOf(text)])
          expect(output).toContain(words)
          expect(code).toBe(2)
        })
      yield* refused(
        text.replaceAll(yield* address, "https://api.instantly.ai"),
        "The journal is of https://api.instantly.ai"
      )
      yield* refused(text.replaceAll(mock.workspaceId, absent), `The journal is of the workspace ${absent}`)
      const rehearsed = path()
      yield* tool(["revoke", "--rehearse", absent, "--yes", "--journal", rehearsed])
      yield* refused(readFileSync(rehearsed, "utf8"), "The journal is of rehearsal")
      expect(yield* sent).toHaveLength(before)
    }).pipe(Effect.provide(served()))
  )

  it.live("of another API key: what that one did not find is sent again", () =>
    Effect.gen(function* () {
      const file = path()
      const args = [absent, "--yes", "--journal", file]
      expect((yield* live(args)).code).toBe(1)
      // `live` makes another key to call with each time.
      const second = yield* live(args)
      expect(second.code).toBe(1)
      expect(receiptsIn(second.stdout)).toMatchObject([{ _tag: "NotFound", outcome: "NotApplied" }])
      expect(yield* sent).toHaveLength(2)
    }).pipe(Effect.provide(served()))
  )

  it.live("is written by one process at a time", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [key] = yield* keys(1)
      yield* mock.script(Fault.forId(`${key?.id}`, Fault.delayResponse("4 seconds")))
      const file = path()
      const args = [`${key?.id}`, "--yes", "--journal", file]
      const runs = yield* Effect.all([live(args), live(args)], { concurrency: 2 })
      expect(runs.map(({ code }) => code).toSorted()).toEqual([0, 2])
      expect(runs.find(({ code }) => code === 2)?.output).toMatch(/Process \d+ on .* is writing to this journal/)
      expect(yield* sent).toHaveLength(1)
    }).pipe(Effect.provide(served()))
  )

  it.live(
    `tells of every one of ${many} ids what became of it, after ${kills} SIGKILLs at random moments`,
    () =>
      Effect.gen(function* () {
        const revoke = yield* withOneKey
        const ids = (yield* keys(many)).map(({ id }) => id)
        const file = path()
        const args = ["--file", fileOf(ids.join("\n")), "--yes", "--journal", file]
        for (let kill = 0; kill < kills; kill += 1) {
          const settled = new Set(
            keptIn(existing(file))
              .filter(Revocation.isSettled)
              .map(({ id }) => `${id}`)
          )
          const before = (yield* sent).length
          yield* revoke(args, {
            steps: [[times('"_tag":"Deleted"', (kill * 37) % 80), (child) => child.kill("SIGKILL")]]
          })
          const again = (yield* sent).slice(before).filter((id) => settled.has(`${id}`))
          expect(again).toEqual([])
        }
        const { code, output } = yield* revoke(args)
        const kept = keptIn(readFileSync(file, "utf8"))
        const told = new Map(kept.filter(Revocation.isSettled).map((receipt) => [receipt.id, receipt]))
        expect(new Set(told.keys())).toEqual(new Set(ids))
        // No key that a killed run may have deleted is told as one that was never there.
        expect([...told.values()].filter((it) => it._tag === "NotFound" && it.outcome !== "Unknown")).toEqual([])
        expect(code, output).toBe(0)
        expect((yield* revoke(args)).code).toBe(0)
      }).pipe(Effect.provide(served())),
    120_000
  )
})

/** The whole lines of a file that may not be there yet. */
function existing(file: string) {
  try {
    return readFileSync(file, "utf8").split("\n").slice(0, -1).join("\n")
  } catch {
    return ""
  }
}

it.live("an API key without api_keys:read deletes, and the journal has no workspace", () =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey({ scopes: ["api_keys:delete"] })
    const [key] = yield* keys(1)
    const file = path()
    yield* live([`${key?.id}`, "--yes", "--journal", file], {
      environment: { INSTANTLY_API_KEY: Redacted.value(caller.secret) }
    })
    expect(journalIn(readFileSync(file, "utf8"))).toMatchObject([
      { _tag: "Run", workspace: Option.none() },
      { _tag: "Begun" },
      { _tag: "Deleted" }
    ])
  }).pipe(Effect.provide(served()))
)
