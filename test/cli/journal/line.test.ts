import { describe, expect, it } from "@effect/vitest"
import { DateTime, Effect, Either, FastCheck, Option } from "effect"
import { ApiKey, Revocation } from "effect-instantly"
import * as Journal from "../../../src/cli/journal/line.js"
import { hostileName } from "../../support/example.js"

const at = DateTime.unsafeMake("2026-01-01T00:00:00Z")
const idOf = (n: number) => ApiKey.ApiKeyId.make(`019e18e2-78d4-7322-941a-${String(n).padStart(12, "0")}`)

const run = (fields: Partial<Journal.View> = {}) =>
  new Journal.Run({
    journal: "effect-instantly/1",
    at,
    address: "https://api.instantly.ai",
    workspace: Option.none(),
    credential: "00000001",
    ...fields
  })
const begun = (n: number) => new Revocation.Begun({ id: idOf(n), at })
const deleted = (n: number, name = "a") => new Revocation.Deleted({ id: idOf(n), at, name: Option.some(name) })
const notFound = (n: number, outcome: "NotApplied" | "Unknown") =>
  new Revocation.NotFound({
    id: idOf(n),
    at,
    attempts: 1,
    error: "NotFound",
    message: "none",
    requestId: Option.none(),
    outcome
  })

const textOf = (lines: ReadonlyArray<Journal.Line>) =>
  Effect.map(Effect.forEach(lines, Journal.toLine), (all) => all.map((line) => `${line}\n`).join(""))
const read = (text: string) => Journal.read(new TextEncoder().encode(text))

describe("Journal.read", () => {
  it.effect("gives back the lines that were written, whatever the names in them", () =>
    Effect.gen(function* () {
      const lines = [run(), begun(1), deleted(1, hostileName), begun(2), notFound(2, "Unknown")]
      const text = yield* textOf(lines)
      expect(text).not.toMatch(/(?!\n)[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u)
      const found = Either.getOrThrow(read(text))
      expect(found).toEqual({ lines, whole: Buffer.byteLength(text), torn: Option.none() })
    })
  )

  it.effect("wherever the file is cut: gives the whole lines, and the id of a torn one as soon as it is whole", () =>
    Effect.gen(function* () {
      const lines = [run(), begun(1), begun(2), deleted(2), deleted(1)]
      const texts = yield* Effect.forEach(lines, (line) => textOf([line]))
      const text = texts.join("")
      for (let length = 0; length <= text.length; length += 1) {
        const found = Either.getOrThrow(read(text.slice(0, length)))
        let start = 0
        let whole = 0
        // A line that lacks its end alone is whole.
        while (whole < texts.length && start + (texts[whole]?.length ?? 0) - 1 <= length) {
          start += texts[whole]?.length ?? 0
          whole += 1
        }
        expect(found.lines).toEqual(lines.slice(0, whole))
        const next = lines[whole]
        const hasId = next !== undefined && next._tag !== "Run" && length - start > '{"id":"'.length + 36
        expect(found.torn).toEqual(hasId ? Option.some(next.id) : Option.none())
      }
    })
  )

  it.effect("names the line that is damaged, wherever that is", () =>
    Effect.gen(function* () {
      const texts = yield* Effect.forEach([run(), begun(1), deleted(1), begun(2)], (line) => textOf([line]))
      for (const index of texts.keys()) {
        const damaged = texts.map((text, at) => (at === index ? `x${text}` : text)).join("")
        expect(Either.flip(read(damaged))).toEqual(Either.right(new Journal.Damaged(index + 1)))
      }
      // With an entry before it, nobody knows where its key is.
      expect(Either.flip(read(texts.slice(1).join("")))).toEqual(Either.right(new Journal.Damaged(1)))
    })
  )

  it("takes no other file for a journal that is torn", () => {
    for (const text of ["hello", "{}", '{"id":"', "x", '{"journal":"another/1"']) {
      expect(Either.flip(read(text))).toEqual(Either.right(new Journal.Damaged(1)))
    }
    expect(Either.isRight(read('{"jour'))).toBe(true)
  })

  it("never throws, whatever a file holds", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.uint8Array({ maxLength: 200 }), (bytes) => {
        const found = Journal.read(bytes)
        if (Either.isRight(found)) expect(found.right.lines).toEqual([])
      })
    )
  })
})

describe("Journal.entriesFor", () => {
  const first = { credential: "00000001", workspace: Option.none<string>() }
  const pendingOf = (view: Journal.View, lines: ReadonlyArray<Journal.Line>) =>
    Revocation.pending([idOf(1)], Journal.entriesFor(view, lines))
  const nothing = { ids: [], inDoubt: [] }
  const again = { ids: [idOf(1)], inDoubt: [] }
  const inDoubt = { ids: [idOf(1)], inDoubt: [idOf(1)] }

  it.each([
    { what: "deleted", lines: [run(), begun(1), deleted(1)], expected: nothing },
    { what: "not found", lines: [run(), begun(1), notFound(1, "NotApplied")], expected: nothing },
    { what: "most likely deleted", lines: [run(), begun(1), notFound(1, "Unknown")], expected: nothing },
    { what: "begun", lines: [run(), begun(1)], expected: inDoubt }
  ])("a key that was $what with the same API key in the same workspace", ({ expected, lines }) => {
    expect(pendingOf(first, lines)).toEqual(expected)
  })

  describe.each([
    { there: "with another API key", view: { ...first, credential: "00000002" } },
    { there: "in another workspace, or in one that was not known", view: { ...first, workspace: Option.some("w") } }
  ])("a key that, $there, was", ({ view }) => {
    it.each([
      { what: "deleted", lines: [run(), begun(1), deleted(1)], expected: nothing },
      { what: "not found, and not in doubt", lines: [run(), begun(1), notFound(1, "NotApplied")], expected: again },
      { what: "not found, and in doubt", lines: [run(), begun(1), notFound(1, "Unknown")], expected: inDoubt },
      {
        what: "not found, and then begun here",
        lines: [run(), begun(1), notFound(1, "NotApplied"), run(view), begun(1)],
        expected: inDoubt
      },
      {
        what: "not found, and then not found here",
        lines: [run(), notFound(1, "NotApplied"), run(view), notFound(1, "NotApplied")],
        expected: nothing
      }
    ])("$what", ({ expected, lines }) => {
      expect(pendingOf(view, lines)).toEqual(expected)
    })
  })
})
