import { Headers } from "@effect/platform"
import { expect, it } from "vitest"
import { make } from "../../../src/testing/InstantlyMock/redact.js"

it.each(["made-up+/==", "made-up's!", "(made-up)~"])("the secret %s is taken out of a path and a query", (secret) => {
  const redact = make(() => [secret])
  const shown = redact.path({
    method: "GET",
    path: `/api/v2/api-keys/${encodeURIComponent(secret)}`,
    query: new URLSearchParams({ starting_after: secret }),
    headers: Headers.empty,
    body: "",
    remoteAddress: "127.0.0.1"
  })
  expect(shown).toBe("/api/v2/api-keys/<redacted>?starting_after=<redacted>")
})
