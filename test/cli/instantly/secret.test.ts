import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { tidy } from "../../../src/cli/instantly/secret.js"

const secret = "MDE5ZTE4ZTI6bWFkZS11cA=="

describe("tidy", () => {
  it.each([
    { what: "a bare secret", text: secret, leftOut: [] },
    { what: "spaces and line ends", text: `  ${secret}\r\n`, leftOut: [] },
    { what: "double quotes", text: `"${secret}"`, leftOut: ["the quotes around it"] },
    { what: "single quotes", text: `'${secret}'`, leftOut: ["the quotes around it"] },
    { what: "a name", text: `INSTANTLY_API_KEY=${secret}`, leftOut: ["NAME="] },
    { what: "a semicolon", text: `${secret};`, leftOut: ["a semicolon at its end"] },
    {
      what: "a line of a shell script",
      text: `export KEY='${secret}';`,
      leftOut: ["export", "NAME=", "a semicolon at its end", "the quotes around it"]
    },
    { what: "quotes around a name", text: `"KEY=${secret}"`, leftOut: ["the quotes around it", "NAME="] }
  ])("takes the secret from $what", ({ leftOut, text }) => {
    expect(tidy(text)).toEqual({ secret, leftOut })
  })

  it.each([{ text: "QUJD=" }, { text: "QUJD==" }, { text: 'a"b' }, { text: "export" }, { text: '"a' }, { text: "" }])(
    "leaves $text as it is",
    ({ text }) => {
      expect(tidy(text)).toEqual({ secret: text, leftOut: [] })
    }
  )

  it("leaves every secret in base64 as it is", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.base64String(), (text) => {
        expect(tidy(text)).toEqual({ secret: text, leftOut: [] })
      })
    )
  })
})
