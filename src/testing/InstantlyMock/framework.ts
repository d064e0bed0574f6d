/** What Instantly's web framework, Fastify, decides before a handler runs: routes, bodies and their validation. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Response } from "../Fault.js"
import { envelope, type Incoming, type Route } from "./exchange.js"

export type Checked<A> = Either.Either<A, Response>

export const invalid = (message: string): Checked<never> =>
  Either.left(envelope(400, message, { code: "FST_ERR_VALIDATION" }))

const decodePath = Option.liftThrowable(decodeURIComponent)

/** The route of a request, by its method and path alone. */
export const route = (routes: ReadonlyArray<Route>, incoming: Incoming): Checked<Route> => {
  const { method, path, query } = incoming
  if (Option.isNone(decodePath(path))) {
    const { body, status } = envelope(400, `'${path}' is not a valid url component`, { code: "FST_ERR_BAD_URL" })
    return Either.left({ status, headers: { "content-type": "application/json" }, body })
  }
  const search = query.size === 0 ? "" : `?${query}`
  return Either.fromNullable(
    routes.find((route) => route.method === method && route.path.test(path)),
    () => envelope(404, `Route ${method}:${path}${search} not found`)
  )
}

const unsupportedMediaType: Checked<never> = Either.left(
  envelope(415, "Unsupported Media Type", { code: "FST_ERR_CTP_INVALID_MEDIA_TYPE" })
)

export const parseBody = ({ body, headers }: Incoming): Checked<unknown> => {
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

/** Fastify converts a value to the expected type if it can: a number to a string, an array of one element to the element. */
export const asString = (value: unknown): string | undefined => {
  if (value === null) return ""
  if (Array.isArray(value) && value.length === 1) return asString(value[0])
  const isScalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean"
  return isScalar ? String(value) : undefined
}

/** A query parameter, which may occur once. */
const parameter = <A>(
  query: URLSearchParams,
  name: string,
  type: string,
  convert: (text: string) => A | undefined
): Checked<A | undefined> => {
  const [text, ...more] = query.getAll(name)
  if (text === undefined) return Either.right(undefined)
  const value = more.length > 0 ? undefined : convert(text)
  return value === undefined ? invalid(`querystring/${name} must be ${type}`) : Either.right(value)
}

export const textIn = (query: URLSearchParams, name: string) => parameter(query, name, "string", (text) => text)

export const numberIn = (query: URLSearchParams, name: string) =>
  parameter(query, name, "number", (text) => (text === "" || Number.isNaN(Number(text)) ? undefined : Number(text)))

/** How many items a page may have: 10 unless the query says so, and at most `max`. */
export const limitIn = (query: URLSearchParams, max: number): Checked<number> =>
  parameter(query, "limit", "integer", (text) =>
    text === "" || !Number.isInteger(Number(text)) ? undefined : Number(text)
  ).pipe(
    Either.flatMap((limit = 10) => {
      if (limit < 1) return invalid("querystring/limit must be >= 1")
      return limit > max ? invalid(`querystring/limit must be <= ${max}`) : Either.right(limit)
    })
  )
