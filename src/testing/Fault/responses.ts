/** Responses that Instantly's API does not send, or should not. */
import type { Response } from "../Fault.js"

const html = (status: number, title: string, text: string): Response => ({
  status,
  headers: { "content-type": "text/html; charset=utf-8" },
  body: `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1><p>${text}</p></body></html>`
})

const json = (status: number, body: unknown): Response => ({
  status,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: JSON.stringify(body)
})

/**
 * What others answer in Instantly's place. With `Fault.respond` the server has not acted; with `Fault.changeResponse` it has,
 * and its own response never arrives.
 *
 * @example
 * ```ts
 * import { Fault } from "effect-instantly/testing"
 *
 * const before = Fault.next(Fault.respond(Fault.responses.captivePortal))
 * const after = Fault.next(Fault.changeResponse(() => Fault.responses.captivePortal))
 * ```
 *
 * @since 0.1.0
 * @category faults
 */
export const responses = {
  /** A 200 with the login page of a network, such as a hotel's. */
  captivePortal: html(200, "Welcome", "Log in to use this network."),
  /** A 303 to such a page. */
  redirect: { status: 303, headers: { location: "https://login.example/" }, body: "" },
  /** A 403 page of the edge, a proxy or an outbound filter. */
  blocked: html(403, "Access denied", "You have been blocked."),
  /** A 502 page of the edge. */
  badGateway: html(502, "Bad gateway", "The web server reported a bad gateway error."),
  /** A 200 without a body. */
  empty: { status: 200, headers: {}, body: "" },
  /** A 200 with `{}`, as another server behind a wrong base URL may send it. */
  emptyObject: json(200, {}),
  /** A 200 whose body is the envelope of a 401. */
  unauthorizedIn200: json(200, { statusCode: 401, error: "Unauthorized", message: "Invalid API key" }),
  /** A 200 with another key than the one in the request. */
  anotherKey: json(200, {
    id: "00000000-0000-7000-8000-00000000dead",
    name: "another key",
    scopes: ["all:all"],
    key: "",
    organization_id: "00000000-0000-7000-8000-000000000002",
    timestamp_created: "2026-01-01T00:00:00.000Z",
    timestamp_updated: "2026-01-01T00:00:00.000Z"
  })
} as const satisfies Readonly<Record<string, Response>>
