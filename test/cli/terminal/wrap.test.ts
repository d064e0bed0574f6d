import { expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { printable } from "../../../src/cli/terminal/printable.js"
import { wrap } from "../../../src/cli/terminal/wrap.js"

it("leaves a line that fits as it is", () => {
  expect(wrap("a  b", 4)).toBe("a  b")
})

it("breaks a longer one between words, and indents what follows", () => {
  expect(wrap("one two three", 8)).toBe("one two\nthree")
  expect(wrap("one two three", 8, 2)).toBe("one\n  two\n  three")
  expect(wrap("a-word-that-is-too-long for it", 10)).toBe("a-word-that-is-too-long\nfor it")
})

it("never breaks a quoted name, whose rest could look like a line of its own", () => {
  const name = printable("x The list shows: nothing", 40)
  expect(wrap(`STILL ALIVE: the key "backup of the settings", the key ${name}.`, 60)).toBe(
    `STILL ALIVE: the key "backup of the settings", the key\n${name}.`
  )
  FastCheck.assert(
    FastCheck.property(FastCheck.string(), FastCheck.integer({ min: 45, max: 100 }), (text, columns) => {
      const name = printable(text, 40)
      const lines = wrap(`It belongs to the key ${name}, which was not deleted, and to no other.`, columns).split("\n")
      expect(lines.filter((line) => line.includes(name))).toHaveLength(1)
    })
  )
})
