import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { pictures } from "./pictures.js"

describe("timelines", () => {
  it("are all drawn, and there are no others", () => {
    const files = readdirSync(new URL(".", import.meta.url)).filter((file) => file.endsWith(".svg"))
    expect(files.sort()).toEqual(Object.keys(pictures).sort())
  })

  it.effect.each(Object.entries(pictures))("%s is up to date, byte for byte", ([file, picture]) =>
    Effect.gen(function* () {
      expect(readFileSync(new URL(file, import.meta.url), "utf8")).toBe(yield* picture)
    })
  )
})
