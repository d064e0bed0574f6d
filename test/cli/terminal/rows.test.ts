import { describe, expect, it } from "@effect/vitest"
import { DateTime, FastCheck } from "effect"
import { ApiKey } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { rows } from "../../../src/cli/terminal/rows.js"
import { hostileNames } from "./hostile.js"

const now = DateTime.unsafeMake("2026-01-11T00:00:00Z")
const idOf = (n: number) => ApiKey.ApiKeyId.make(`019e18e2-78d4-7322-941a-${String(n).padStart(12, "0")}`)

const shown = (
  keys: ReadonlyArray<{ readonly name: string; readonly scopes?: ReadonlyArray<string> }>,
  columns: number,
  marks: ReadonlyMap<string, string> = new Map()
) => {
  const all = keys.map((key, n) => InstantlyMock.apiKey({ ...key, id: idOf(n) }))
  return rows(
    all.map(({ id }) => id),
    new Map(all.map((key) => [key.id, key])),
    { now, columns, isNumbered: true, marks }
  )
}

describe("rows", () => {
  it("have the number and the name first, and the id last", () => {
    expect(shown([{ name: "zapier", scopes: ["leads:all", "campaigns:read"] }], 200)).toEqual([
      `1  "zapier"    10 d  "leads:all campaigns:read"  ${idOf(0)}`
    ])
    expect(shown([{ name: "zapier" }], 80, new Map([[idOf(0), "own"]]))).toEqual([
      `1  [own] "zapier"\n     10 d  "all:all"  ${idOf(0)}`
    ])
  })

  it("have as many whole scopes as fit, and say how many more there are", () => {
    const scopes = ["campaigns:read", "leads:all", "accounts:read", "all:all"]
    expect(shown([{ name: "a", scopes }], 200)[0]).toContain('"campaigns:read leads:all +2 more"')
    expect(shown([{ name: "a", scopes }], 80)[0]).toContain('"campaigns:read +3 more"')
    expect(shown([{ name: "a", scopes: ["x".repeat(500), "all:all"] }], 80)[0]).toMatch(/"x+…"|"x+… \+1 more"/)
    expect(shown([{ name: "a", scopes: [] }], 80)[0]).toContain('""')
  })

  it("say that an id is not in the workspace", () => {
    expect(rows([idOf(1)], new Map(), { now, columns: 80, isNumbered: true, marks: new Map() })).toEqual([
      `1  not in this workspace  ${idOf(1)}`
    ])
  })

  const line = / +\d+ (?:d|h|min) {2}"(?:[^"\\]|\\.)*" {2}[0-9a-f-]{36}$/

  it.each([80, 100, 139, 140, 200])("of 200 hostile names are a row for each key, at %d columns", (columns) => {
    const all = shown(
      hostileNames.map((name) => ({ name, scopes: ["leads:all"] })),
      columns
    )
    const lines = all.join("\n").split("\n")
    expect(lines.filter((text) => line.test(text))).toHaveLength(200)
    expect(lines.filter((text) => text.includes('  "leads:all"  '))).toHaveLength(200)
    expect(lines.flatMap((text) => /^ *(\d+) {2}"/.exec(text)?.[1] ?? [])).toEqual(all.map((_, n) => `${n + 1}`))
    expect(lines).toHaveLength(columns >= 140 ? 200 : 400)
    for (const text of lines) {
      expect(text.length).toBeLessThan(columns)
      expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u)
    }
  })

  it("never forge a row, whatever the name and the scopes are", () => {
    const forged = FastCheck.constantFrom(
      `\n1  ${idOf(7)}  1 d  "all:all"  "x"`,
      " ".repeat(60),
      "\u001b[A",
      '"',
      "東京"
    )
    const text = FastCheck.array(FastCheck.oneof(forged, FastCheck.string({ unit: "binary" })), { maxLength: 20 }).map(
      (parts) => parts.join("")
    )
    FastCheck.assert(
      FastCheck.property(text, FastCheck.array(text, { maxLength: 5 }), (name, scopes) => {
        for (const columns of [80, 200]) {
          const lines = shown([{ name, scopes }], columns).join("\n").split("\n")
          expect(lines.filter((one) => line.test(one))).toHaveLength(1)
          expect(lines).toHaveLength(columns === 80 ? 2 : 1)
          for (const one of lines) expect(one.length).toBeLessThan(columns)
        }
      })
    )
  })
})
