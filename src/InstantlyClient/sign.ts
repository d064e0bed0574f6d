/** Adds the address, the credential and the headers to a request. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Settings } from "./settings.js"

/** The credential that a request brings itself, or the client's own. */
const credentialOf = (
  request: HttpClientRequest.HttpClientRequest,
  { apiKey, workspaceId }: Settings
): Effect.Effect<Record<string, string>, string> => {
  const own = request.headers["authorization"]
  if (own === undefined) {
    return Effect.map(apiKey, (bearer) => ({
      authorization: `Bearer ${bearer}`,
      ...Option.match(workspaceId, { onNone: () => ({}), onSome: (id) => ({ "x-as-workspace": id }) })
    }))
  }
  return /^[\x21-\x7e]+ [\x21-\x7e]+$/.test(own)
    ? Effect.succeed({ authorization: own })
    : Effect.fail("its authorization header is not a credential that fits a header")
}

/** Why a request would take the credential elsewhere than to Instantly's API. */
const strayOf = ({ headers, url }: HttpClientRequest.HttpClientRequest): Option.Option<string> => {
  const path = pathOf(url)
  if (headers["host"] !== undefined) return Option.some("it has a host header of its own")
  // The parser of URLs drops tabs, line breaks and spaces at the end, so that /.<tab>./ would be read as /../.
  if (/^[a-z][a-z\d+.-]*:|\/\/|\\|(?:^|\/)(?:\.|%2e){2}(?:\/|$)|[^\x21-\uffff]/i.test(path)) {
    return Option.some(
      "its URL is not a path such as /api/v2/api-keys (a host, //, .., backslashes and spaces are refused)"
    )
  }
  return Option.none()
}

/** The path of a URL, without its query. */
export const pathOf = (url: string): string => url.replace(/[?#].*$/s, "")

/** A path that lacks its slash must not become part of the host. */
const rooted = (path: string): string => (path.startsWith("/") ? path : `/${path}`)

/** Addresses and signs a request, or says why it cannot leave. */
export const sign = (
  request: HttpClientRequest.HttpClientRequest,
  settings: Settings
): Effect.Effect<HttpClientRequest.HttpClientRequest, string> => {
  const stray = strayOf(request)
  if (Option.isSome(stray)) return Effect.fail(stray.value)
  return Effect.map(credentialOf(request, settings), (credential) =>
    request.pipe(
      HttpClientRequest.updateUrl((url) => `${settings.baseUrl}${rooted(url)}`),
      HttpClientRequest.setHeaders({ accept: "application/json", "user-agent": settings.userAgent, ...credential })
    )
  )
}

/** The path to show of a request. The URL of one that is held back may hold a password. */
export const shownPathOf = (request: HttpClientRequest.HttpClientRequest): string =>
  Option.isSome(strayOf(request)) ? "(not a path)" : rooted(pathOf(request.url))
