import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { hostileName, hostileNamePrinted, runExample } from "../../test/support/example.js"
import { served } from "../embedded/served.js"

describe("examples/opentelemetry/main.ts", () => {
  it.live("prints the span of the call, its metrics and its debug logs", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: hostileName })
      yield* mock.script(Fault.next(Fault.respond({ status: 503 })))
      const { code, output } = yield* runExample("examples/opentelemetry/main.ts", [leaked.id])
      expect(code).toBe(0)
      for (const part of [
        `deleted ${hostileNamePrinted}`,
        "ServerError: next attempt in",
        "name: 'DELETE /api/v2/api-keys/{id}'",
        "name: 'instantly.retry'",
        "'instantly.outcome': 'Applied'",
        "name: 'instantly.requests'",
        "name: 'instantly.permit_wait'"
      ]) {
        expect(output).toContain(part)
      }
    }).pipe(Effect.provide(served()))
  )
})
