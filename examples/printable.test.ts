import { expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { expectPlain, hostileName, hostileNamePrinted } from "../test/support/example.js"
import { printable } from "./printable.js"

it("a plain name is printed as it is, in any script", () => {
  expect(printable("zapier (old)")).toBe('"zapier (old)"')
  expect(printable("Đặng Thị ที่ 東京 🔑")).toBe('"Đặng Thị ที่ 東京 🔑"')
})

it("a hostile name is printed as one short line of plain text", () => {
  expect(printable(hostileName)).toBe(hostileNamePrinted)
  const hostile = FastCheck.constantFrom("\u001b[2J", "\u202e", "\n", "\u2028", "\u200b", "  ", "\u0301", "\ud83d", '"')
  const text = FastCheck.array(FastCheck.oneof(hostile, FastCheck.string({ unit: "binary" })), { maxLength: 80 })
  FastCheck.assert(
    FastCheck.property(text, (parts) => {
      const shown = printable(parts.join(""))
      expectPlain(shown)
      expect([...String(JSON.parse(shown))].length).toBeLessThanOrEqual(60)
    })
  )
})
