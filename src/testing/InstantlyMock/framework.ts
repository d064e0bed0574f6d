/** What Instantly's web framework, Fastify, decides before a handler runs: routes, bodies and their validation. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { KnownScope } from "../../ApiKey.js"
import type { Response } from "../Fault.js"
import { envelope, type Incoming } from "./exchange.js"

export interface Create {
  readonly operation: "create"
  readonly name: string
  readonly scopes: ReadonlyArray<string>
}
export interface List {
  readonly operation: "list"
  readonly limit: number
  readonly startingAfter: string | undefined
}
export interface Delete {
  readonly operation: "delete"
  readonly id: string
}
export type Command = Create | List | Delete

type Checked<A> = Either.Either<A, Response>

const invalid = (message: string): Checked<never> => Either.left(envelope(400, message, { code: "FST_ERR_VALIDATION" }))

const operationOf = ({ method, path }: Incoming): Command["operation"] | undefined => {
  if (path === "/api/v2/api-keys") return method === "POST" ? "create" : method === "GET" ? "list" : undefined
  return method === "DELETE" && /^\/api\/v2\/api-keys\/[^/]*$/.test(path) ? "delete" : undefined
}

const decodePath = Option.liftThrowable(decodeURIComponent)

/** The operation that a request is for. Nothing but its method and path is looked at. */
export const route = (incoming: Incoming): Checked<Command["operation"]> => {
  const { path } = incoming
  if (Option.isNone(decodePath(path))) {
    const { body, status } = envelope(400, `'${path}' is not a valid url component`, { code: "FST_ERR_BAD_URL" })
    return Either.left({ status, headers: { "content-type": "application/json" }, body })
  }
  return Either.fromNullable(operationOf(incoming), () => routeNotFound(incoming))
}

const routeNotFound = ({ method, path, query }: Incoming): Response => {
  const search = query.size === 0 ? "" : `?${query}`
  return envelope(404, `Route ${method}:${path}${search} not found`)
}

const parseBody = ({ body, headers }: Incoming): Checked<unknown> => {
  const contentType = headers["content-type"]
  if (contentType === undefined) {
    return body === "" ? Either.right(undefined) : unsupportedMediaType
  }
  if (/^text\/plain\b/i.test(contentType)) return Either.right(body)
  if (!/^application\/json\b/i.test(contentType)) return unsupportedMediaType
  if (body === "") {
    const message = "Body cannot be empty when content-type is set to 'application/json'"
    return Either.left(envelope(400, message, { code: "FST_ERR_CTP_EMPTY_JSON_BODY" }))
  }
  return Either.try(() => JSON.parse(body)).pipe(
    Either.mapLeft(() =>
      envelope(400, "Body is not valid JSON but content-type is set to 'application/json'", {
        code: "FST_ERR_CTP_INVALID_JSON_BODY"
      })
    )
  )
}

const unsupportedMediaType: Checked<never> = Either.left(
  envelope(415, "Unsupported Media Type", { code: "FST_ERR_CTP_INVALID_MEDIA_TYPE" })
)

const scopes = new Set<unknown>(KnownScope.literals)

/** Fastify converts to the type it wants where it can: a number to a string, an array of one element to the element. */
const asString = (value: unknown): string | undefined => {
  if (value === null) return ""
  if (Array.isArray(value) && value.length === 1) return asString(value[0])
  const isScalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean"
  return isScalar ? String(value) : undefined
}

const create = (body: unknown): Checked<Create> => {
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
  const unknown = strings.findIndex((scope) => !scopes.has(scope))
  if (unknown >= 0) return invalid(`body/scopes/${unknown} must be equal to one of the allowed values`)
  return Either.right({ operation: "create", name, scopes: strings.filter((scope) => scope !== undefined) })
}

const list = (query: URLSearchParams): Checked<List> => {
  const given = query.get("limit")
  const limit = given === null ? 10 : Number(given)
  if (!Number.isInteger(limit) || given === "" || query.getAll("limit").length > 1)
    return invalid("querystring/limit must be integer")
  if (limit < 1) return invalid("querystring/limit must be >= 1")
  if (limit > 100) return invalid("querystring/limit must be <= 100")
  return Either.right({ operation: "list", limit, startingAfter: query.get("starting_after") ?? undefined })
}

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

const remove = (path: string, body: unknown): Checked<Delete> => {
  const id = decodeURIComponent(path.slice(path.lastIndexOf("/") + 1))
  if (!uuid.test(id)) return invalid('params/id must match format "uuid"')
  return body === undefined || body === null ? Either.right({ operation: "delete", id }) : invalid("body must be null")
}

/** What a request asks for, or the error that the framework responds with. */
export const validate = (operation: Command["operation"], incoming: Incoming): Checked<Command> => {
  if (operation === "list") return list(incoming.query)
  return Either.flatMap(
    parseBody(incoming),
    (body): Checked<Command> => (operation === "create" ? create(body) : remove(incoming.path, body))
  )
}
