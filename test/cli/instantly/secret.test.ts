import { describe, expect, it } from "@effect/vitest"
import { Either, FastCheck, Option, Redacted } from "effect"
import { hintOf, shapeOf, tidy } from "../../../src/cli/instantly/secret.js"

/** With every character that base64 has beside letters and digits. */
const secret = "MDE5/TE4+TI6bWFkZS11cA=="

describe("tidy", () => {
  it.each([
    { what: "a bare secret", text: secret, leftOut: [] },
    { what: "spaces and line ends", text: `  ${secret}\r\n`, leftOut: [] },
    { what: "double quotes", text: `"${secret}"`, leftOut: ["the quotes"] },
    { what: "single quotes", text: `'${secret}'`, leftOut: ["the quotes"] },
    { what: "a name", text: `INSTANTLY_API_KEY=${secret}`, leftOut: ["NAME="] },
    { what: "a semicolon", text: `${secret};`, leftOut: ["a semicolon or comma at its end"] },
    {
      what: "a line of a shell script",
      text: `export KEY='${secret}';`,
      leftOut: ["export", "a semicolon or comma at its end", "NAME=", "the quotes"]
    },
    { what: "quotes around a name", text: `"KEY=${secret}"`, leftOut: ["the quotes", "NAME="] },
    { what: "a header", text: `Authorization: Bearer ${secret}`, leftOut: ["Authorization:", "Bearer"] },
    { what: "a header of HTTP/2", text: `authorization: bearer ${secret}`, leftOut: ["Authorization:", "Bearer"] },
    { what: "a scheme", text: `Bearer ${secret}`, leftOut: ["Bearer"] },
    {
      what: "a header for curl",
      text: `-H "Authorization: Bearer ${secret}"`,
      leftOut: ["-H", "the quotes", "Authorization:", "Bearer"]
    },
    { what: "the header of MCP", text: `x-instantly-api-key: ${secret}`, leftOut: ["x-instantly-api-key:"] },
    { what: "the address of MCP", text: `https://mcp.instantly.ai/mcp/${secret}`, leftOut: ["the address"] },
    {
      what: "that address, encoded",
      text: `https://mcp.instantly.ai/mcp/${encodeURIComponent(secret)}?x=1`,
      leftOut: ["the address"]
    },
    {
      what: "JSON",
      text: `"apiKey": "${secret}",`,
      leftOut: ["a semicolon or comma at its end", "a name in JSON", "the quotes"]
    },
    {
      what: "an object of JSON",
      text: `{"apiKey":"${secret}"}`,
      leftOut: ["the braces", "a name in JSON", "the quotes"]
    },
    {
      what: "JSON with an address",
      text: `"url": "https://mcp.instantly.ai/mcp/${secret}"`,
      leftOut: ["a name in JSON", "the quotes", "the address"]
    }
  ])("takes the secret from $what", ({ leftOut, text }) => {
    const found = tidy(text)
    expect(found.secret).toBe(secret)
    expect(found.leftOut.toSorted()).toEqual(leftOut.toSorted())
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

describe("shapeOf", () => {
  const uuid = "019e18e2-78d4-7322-941a-7384d8969c61"
  const whole = btoa(`${uuid}:madeup000000`)
  const hint = (text: string) => Option.getOrNull(hintOf(Redacted.make(text)))

  it("reads the UUID from a secret of the shape of a real one", () => {
    expect(whole).toHaveLength(68)
    expect(shapeOf(Redacted.make(whole))).toEqual(Either.right({ uuid }))
    expect(shapeOf(Redacted.make(btoa(`${uuid.toUpperCase()}:madeup000000`)))).toEqual(Either.right({ uuid }))
    expect(hint(whole)).toBe(null)
  })

  it.each([
    { what: "lacks its end", text: whole.slice(0, -2), words: "it has 66 of 68 characters" },
    { what: "lacks its beginning", text: whole.slice(5), words: "it has 63 of 68 characters" },
    { what: "is too long", text: `${whole}=`, words: "it has 69 characters, not 68" },
    { what: "ends in another way", text: "A".repeat(68), words: "it ends without ==" },
    { what: "holds no UUID", text: `${"A".repeat(66)}==`, words: "it holds no UUID, as others do" },
    { what: "is not base64", text: `${"-".repeat(66)}==`, words: "it holds no UUID, as others do" }
  ])("says why a secret that $what may not be whole", ({ text, words }) => {
    expect(hint(text)).toBe(`It may not be whole: ${words}.`)
  })

  it("never throws, and never repeats the secret", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ minLength: 8, maxLength: 80 }), (text) => {
        expect(hint(text) ?? "").not.toContain(text)
      })
    )
  })
})
