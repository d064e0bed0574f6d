/**
 * An Instantly that responds to every deletion at once and keeps nothing, so that the memory of a run is the run's own: behind
 * the whole client, or in place of it.
 */
import { HttpClient, HttpClientResponse } from "@effect/platform"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit } from "effect-instantly"

const workspaceId = "00000000-0000-4000-8000-000000000000"

const httpClient = HttpClient.make((request, url) =>
  Effect.sync(() => {
    const deleted = {
      id: url.pathname.slice(url.pathname.lastIndexOf("/") + 1),
      name: "made-up",
      scopes: ["all:all"],
      key: "made-up-secret",
      organization_id: workspaceId,
      timestamp_created: "2026-01-01T00:00:00.000Z",
      timestamp_updated: "2026-01-01T00:00:00.000Z"
    }
    return HttpClientResponse.fromWeb(request, Response.json(deleted))
  })
)

/** The whole client, with no limit. */
export const wholeClient = Instantly.layer({ apiKey: Redacted.make("made-up"), rateLimit: RateLimit.unlimited }).pipe(
  Layer.provide(Layer.succeed(HttpClient.HttpClient, httpClient))
)

const secret = Redacted.make("made-up-secret")
const at = DateTime.unsafeMake(0)

/** Operations that succeed at once. */
export const noClient = Layer.mock(ApiKeys.ApiKeys, {
  delete: (id) =>
    Effect.sync(() =>
      ApiKey.ApiKey.make({
        id,
        name: "made-up",
        scopes: [],
        key: secret,
        organizationId: workspaceId,
        createdAt: at,
        updatedAt: at
      })
    )
})
