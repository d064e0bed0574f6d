/**
 * The command line tool as a process: in a pipe, and in a terminal by util-linux's `script`; and what its tests ask of the
 * double that it runs against.
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address } from "../../examples/embedded/served.js"
import { Line } from "../../src/cli/journal/line.js"
import { madeUpSecret } from "./leaks.js"
import { type Given, type Step, start } from "./process.js"

export type { Given, Step }

export const directory = mkdtempSync(join(tmpdir(), "revoke-"))

/** The tool as the package has it. */
export const program = process.env["BUNDLED_TOOL"] ?? ""

/** Clears up after the tests of a file. */
export const bundled = () => {
  beforeAll(() => void mkdirSync(directory, { recursive: true }))
  afterAll(() => rmSync(directory, { recursive: true }))
}

export const hasScript = spawnSync("script", ["--version"]).status === 0

/** A file of its own for each test. */
let files = 0
export const path = () => {
  files += 1
  return join(directory, `file-${files}`)
}
export const fileOf = (text: string) => {
  const file = path()
  writeFileSync(file, text)
  return file
}

const rehearsedSecret = /^[A-Za-z0-9+/]{66}==\r?\n/m

/** Gives the tool the secret that a rehearsal says to paste, once it has said so, or in a terminal has asked for it. */
export const pasteRehearsed = (where: "pipe" | "terminal"): Step => [
  (shown) => rehearsedSecret.test(shown) && (where === "pipe" || shown.includes("(it is not shown): ")),
  (child, shown) => child.stdin?.write(`${rehearsedSecret.exec(shown)?.[0].trim()}\r\n`)
]

/** Runs the tool; no secret, of which all are made up by that name, is ever shown, but the one to paste in a rehearsal. */
export const tool = (args: ReadonlyArray<string>, given?: Given) =>
  Effect.tap(start([process.execPath, program, ...args], given), ({ output }) =>
    expect(args.includes("--rehearse") ? output.replace(rehearsedSecret, "") : output).not.toMatch(madeUpSecret)
  )

/** What the tool is given to call a double on a socket, with a key of its own. */
export const atDouble = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  const caller = yield* mock.createApiKey({ name: "caller" })
  return { INSTANTLY_API_KEY: Redacted.value(caller.secret), INSTANTLY_BASE_URL: yield* address }
})

/** The command `revoke`, at a double on a socket. */
export const live = (args: ReadonlyArray<string>, given: Given = {}) =>
  Effect.flatMap(atDouble, (environment) =>
    tool(["revoke", ...args], { ...given, environment: { ...environment, ...given.environment } })
  )

/** Makes so many keys. */
export const keys = (n: number) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    return yield* Effect.forEach(Array.from({ length: n }), (_, index) => mock.createApiKey({ name: `key ${index}` }))
  })

const deletions = Effect.gen(function* () {
  const mock = yield* InstantlyMock.InstantlyMock
  return (yield* mock.arrivals).filter(({ method }) => method === "DELETE")
})

/** The ids that were sent, in their order. */
export const sent = Effect.map(deletions, (arrivals) => arrivals.map((arrival) => arrival.path.split("/").at(-1)))

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "")

const parse = Schema.decodeUnknownSync(Schema.parseJson(Revocation.Receipt))
export const receiptsIn = (text: string) => linesOf(text).map((line) => parse(line))
export const tags = (text: string) => receiptsIn(text).map(({ _tag }) => _tag)

const parseLine = Schema.decodeUnknownSync(Schema.parseJson(Line))

/** The lines of a journal. */
export const journalIn = (text: string) => linesOf(text).map((line) => parseLine(line))

/** The receipts in a journal. */
export const keptIn = (text: string) =>
  journalIn(text).filter((line): line is Revocation.Receipt => line._tag !== "Begun" && line._tag !== "Run")

/** The ids of those receipts in a journal that came after a request. */
export const sentBy = (text: string) =>
  keptIn(text).flatMap((receipt) => ("attempts" in receipt && receipt.attempts === 0 ? [] : [receipt.id]))

/** Whether the output holds this more than so many times. */
export const times = (text: string, n: number) => (output: string) => output.split(text).length > n

/** The output without line breaks: in a terminal they depend on its width. */
export const inOneLine = (output: string) => output.replaceAll(/\s+/g, " ")

/** How Instantly refuses what it does not understand: nothing is carried out. */
export const refusal = Fault.respond({
  status: 400,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ statusCode: 400, error: "Bad Request", message: "made up" })
})

/** The id of a key that is nowhere. */
export const absent = "019e18e2-78d4-7322-941a-7384d8969c61"

/** A port of this machine on which nothing listens. */
export const nowhere = { INSTANTLY_API_KEY: "made-up-secret", INSTANTLY_BASE_URL: "http://127.0.0.1:9" }
