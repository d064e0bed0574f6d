import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"

describe("a history that breaks its law", () => {
  it("prints the command that repeats it (with a '.' in its name)", () => {
    const broken = FastCheck.property(FastCheck.integer(), (number) => number < 5)
    const file = "test/ci/histories.test.ts"
    const name = String.raw`a history that breaks its law prints the command that repeats it \(with a '\''\.'\'' in its name\)`
    expect(() => FastCheck.assert(broken, { seed: 7 })).toThrow(
      `SEED=7 npx vitest run --config test/vitest.config.ts ${file} -t '${name}'`
    )
  })
})
