import { describe, expect, it } from "@effect/vitest"
import { expectPlain, hostileName, hostileNamePrinted } from "../../test/support/example.js"
import { describe as describeReport } from "./report.js"

describe("a report", () => {
  it.each([true, false])("names a leftover key without what could harm a terminal (certain: %s)", (certain) => {
    const text = describeReport({
      _tag: "NotRotated",
      because: "it was interrupted",
      leftover: { _tag: "Named", name: hostileName, certain }
    })
    expect(text).toContain(`key named ${hostileNamePrinted}`)
    expectPlain(text)
  })
})
