import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { printable } from "../../../src/cli/terminal/printable.js"

const zalgo = `Z${"\u0300\u0316\u0489".repeat(20)}algo${"\u0334".repeat(30)}`

describe("printable", () => {
  it.each([
    { what: "a plain name", text: "zapier (old)", shown: '"zapier (old)"' },
    { what: "names in other scripts", text: "Đặng Thị ที่ 東京 🔑", shown: '"Đặng Thị ที่ 東京 🔑"' },
    { what: "quotes and backslashes", text: '" deleted \\', shown: '"\\" deleted \\\\"' },
    { what: "ANSI escapes", text: "\u001b[2J\u001b[1;31mred\u001b[0m", shown: '"[2J[1;31mred[0m"' },
    { what: "a C1 escape, and a title with its bell", text: "\u009b2Ja\u001b]0;title\u0007", shown: '"2Ja]0;title"' },
    { what: "backspaces and deletes", text: "safe\b\b\b\b\u007fevil", shown: '"safeevil"' },
    { what: "bidi overrides and isolates", text: "\u202eterces\u202c \u2066a\u2069\u200f", shown: '"terces a"' },
    { what: "line breaks of every kind", text: "a\nb\r\nc\u2028d\u2029e\u0085f\vg", shown: '"a b c d e f g"' },
    { what: "runs of spaces", text: `a${" ".repeat(300)}b\u00a0\u3000\tc`, shown: '"a b c"' },
    { what: "zero-width characters", text: "a\u200b\u200c\u200d\u2060\ufeffb", shown: '"ab"' },
    { what: "blanks that are no spaces", text: "a\u2800\u3164\u115f\uffa0\u00ad\u034f\u180eb", shown: '"ab"' },
    { what: "variation selectors and tags", text: "a\ufe0f\u{e0100}\u{e0041}b", shown: '"ab"' },
    { what: "half of a surrogate pair", text: "a\ud83db", shown: '"ab"' },
    { what: "private and unassigned characters", text: "a\ue000\u{10ffff}b", shown: '"ab"' },
    { what: "stacked marks", text: zalgo, shown: '"Z\u0300\u0316algo\u0334\u0334"' },
    {
      what: "marks that are stacked over zero-widths",
      text: "a\u0301\u200b\u0301\u200b\u0301",
      shown: '"a\u0301\u0301"'
    },
    { what: "marks that would sit on quotes and spaces", text: '\u0301a \u0303b"\u0301', shown: '"a b\\""' },
    { what: "nothing", text: "", shown: '""' }
  ])("shows $what as one plain string", ({ shown, text }) => {
    expect(printable(text)).toBe(shown)
  })

  it.each([
    { what: "60 characters whole", text: "a".repeat(60), shown: "a".repeat(60) },
    { what: "200 characters cut at 60", text: "a".repeat(200), shown: `${"a".repeat(59)}…` },
    { what: "emoji cut between them", text: "🔑".repeat(61), shown: `${"🔑".repeat(59)}…` },
    { what: "a megabyte cut at 60", text: "a".repeat(1_000_000), shown: `${"a".repeat(59)}…` },
    { what: "what is cut before anything seen", text: `${"\u200b".repeat(1_000)}a`, shown: "…" }
  ])("shows $what", ({ shown, text }) => {
    expect(printable(text)).toBe(`"${shown}"`)
  })

  it("never shows more than it should, whatever the text", () => {
    const hostile = FastCheck.constantFrom(
      "\u001b[2J",
      "\u202e",
      "\n",
      "\u2028",
      "\u200b",
      "  ",
      "\u0301",
      "\ud83d",
      '"'
    )
    const text = FastCheck.array(FastCheck.oneof(hostile, FastCheck.string({ unit: "binary" })), { maxLength: 80 })
    FastCheck.assert(
      FastCheck.property(text, (parts) => {
        const shown = printable(parts.join(""))
        expect(shown).toMatch(/^"[^\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]*"$/u)
        expect(shown).not.toMatch(/\s\s|\p{M}{3}|[^\p{L}\p{N}\p{M}]\p{M}/u)
        expect([...String(JSON.parse(shown))].length).toBeLessThanOrEqual(60)
      })
    )
  })
})
