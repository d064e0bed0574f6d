/** What a request carries when it leaves: its address, the credential and the headers. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Settings } from "./settings.js"

/** The credential that a request brings itself, or the client's own. */
const credentialOf = (
  request: HttpClientRequest.HttpClientRequest,
  { token, workspaceId }: Settings
): Effect.Effect<Record<string, string>, string> => {
  const own = request.headers["authorization"]
  if (own === undefined) {
    return Effect.map(token, (bearer) => ({
      authorization: `Bearer ${bearer}`,
      ...Option.match(workspaceId, { onNone: () => ({}), onSome: (id) => ({ "x-as-workspace": id }) })
    }))
  }
  return /^[\x21-\x7e]+ [\x21-\x7e]+$/.test(own)
    ? Effect.succeed({ authorization: own })
    : Effect.fail("its authorization header is not a credential that fits a header")
}

/** Addresses and signs a request, or says why it cannot leave. */
export const sign = (
  request: HttpClientRequest.HttpClientRequest,
  settings: Settings
): Effect.Effect<HttpClientRequest.HttpClientRequest, string> =>
  Effect.map(credentialOf(request, settings), (credential) =>
    request.pipe(
      // A path that lacks its slash must not become part of the host.
      HttpClientRequest.updateUrl((path) => `${settings.baseUrl}${path.startsWith("/") ? "" : "/"}${path}`),
      HttpClientRequest.setHeaders({ accept: "application/json", "user-agent": settings.userAgent, ...credential })
    )
  )
