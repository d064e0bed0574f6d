import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { hasScript } from "../../test/support/tool.js"
import { picture } from "./picture.js"

describe.skipIf(!hasScript)("leaked.svg", () => {
  it.live("is what the tool prints in a rehearsal today, byte for byte", () =>
    Effect.gen(function* () {
      expect(readFileSync(new URL("leaked.svg", import.meta.url), "utf8")).toBe(yield* picture)
    })
  )
})
