/** Creates, lists and deletes API keys. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { KnownScope } from "../../ApiKey.js"
import * as AuditLog from "./auditLog.js"
import { carriedOut, envelope, type Incoming, json, type Route, refused } from "./exchange.js"
import { asString, type Checked, invalid, limitIn, parseBody, textIn } from "./framework.js"
import { isDeleted, type Keys, type StoredKey } from "./keys.js"
import type { Options } from "./options.js"
import * as Page from "./page.js"

/** The options of lists and deletions. */
export interface Behaviour extends Required<Pick<Options, "shownSecret" | "cursorOnLastPage">> {
  /** Milliseconds. */
  readonly listLag: number
}

const knownScopes = new Set<unknown>(KnownScope.literals)

const newKey = (body: unknown): Checked<{ readonly name: string; readonly scopes: ReadonlyArray<string> }> => {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return invalid("body must be object")
  if (!("name" in body)) return invalid("body must have required property 'name'")
  if (!("scopes" in body)) return invalid("body must have required property 'scopes'")
  const name = asString(body.name)
  if (name === undefined) return invalid("body/name must be string")
  const isObject = typeof body.scopes === "object" && body.scopes !== null && !Array.isArray(body.scopes)
  if (isObject) return invalid("body/scopes must be array")
  const list: ReadonlyArray<unknown> = Array.isArray(body.scopes) ? body.scopes : [body.scopes]
  const strings = list.map(asString)
  const notString = strings.indexOf(undefined)
  if (notString >= 0) return invalid(`body/scopes/${notString} must be string`)
  const unknown = strings.findIndex((scope) => !knownScopes.has(scope))
  if (unknown >= 0) return invalid(`body/scopes/${unknown} must be equal to one of the allowed values`)
  return Either.right({ name, scopes: strings.filter((scope) => scope !== undefined) })
}

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

const idIn = (incoming: Incoming): Checked<string> =>
  Either.flatMap(parseBody(incoming), (body) => {
    const id = decodeURIComponent(incoming.path.slice(incoming.path.lastIndexOf("/") + 1))
    if (!uuid.test(id)) return invalid('params/id must match format "uuid"')
    return body === undefined || body === null ? Either.right(id) : invalid("body must be null")
  })

const all = /^\/api\/v2\/api-keys$/
const one = /^\/api\/v2\/api-keys\/[^/]*$/

export const make = (keys: Keys, auditLog: AuditLog.AuditLog, behaviour: Behaviour): ReadonlyArray<Route> => {
  const shown = (secret: string) =>
    behaviour.shownSecret === "whole" ? secret : behaviour.shownSecret === "masked" ? `${secret.slice(0, 4)}****` : ""

  const encoded = (key: StoredKey, secret = shown(key.secret)) => ({
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    key: secret,
    organization_id: key.workspaceId,
    timestamp_created: new Date(key.createdAt).toISOString(),
    timestamp_updated: new Date(key.createdAt).toISOString()
  })

  const page = (workspaceId: string, limit: number, startingAfter: string | undefined, now: number): unknown =>
    Page.of(keys.all(), {
      limit,
      startingAfter,
      cursorOnLastPage: behaviour.cursorOnLastPage,
      isListed: (key) =>
        key.workspaceId === workspaceId &&
        !isDeleted(key, now, behaviour.listLag) &&
        key.createdAt + behaviour.listLag <= now,
      encode: (key) => encoded(key)
    })

  const create: Route = {
    method: "POST",
    path: all,
    scope: { resource: "api_keys", action: "create" },
    validate: (incoming) =>
      Either.map(Either.flatMap(parseBody(incoming), newKey), (fields) => (call) => {
        const key = keys.create({ ...fields, workspaceId: call.workspaceId }, call.now)
        auditLog.keyCreated(AuditLog.caller(call), key, call.now)
        return carriedOut(json(200, encoded(key, key.secret)), "created")
      })
  }

  const list: Route = {
    method: "GET",
    path: all,
    scope: { resource: "api_keys", action: "read" },
    validate: ({ query }) =>
      Either.zipWith(
        limitIn(query, 100),
        textIn(query, "starting_after"),
        (limit, startingAfter) =>
          ({ now, workspaceId }) =>
            carriedOut(json(200, page(workspaceId, limit, startingAfter, now)), "listed")
      )
  }

  const remove: Route = {
    method: "DELETE",
    path: one,
    scope: { resource: "api_keys", action: "delete" },
    validate: (incoming) =>
      Either.map(idIn(incoming), (id) => (call) => {
        const key = keys.get(id)
        const missing = (reason: string) => refused(envelope(404, "Resource not found"), reason)
        if (key === undefined) return missing("unknown id")
        if (key.workspaceId !== call.workspaceId) return missing("another workspace's key")
        if (Option.isSome(key.deletedAt)) return missing("already deleted")
        keys.delete(key.id, call.now)
        auditLog.keyDeleted(AuditLog.caller(call), key, call.now)
        return carriedOut(json(200, encoded(key)), "deleted")
      })
  }

  return [create, list, remove]
}
