/** The contract of the API: what violates it, and what it allows. */
import Ajv2020 from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import { FastCheck as fc, Predicate, Schema } from "effect"
import openapi from "../fixtures/openapi.json" with { type: "json" }

const ajv = addFormats.default(new Ajv2020.default({ strict: false, allErrors: true }))
ajv.addSchema(openapi, "contract")

type Responses = Readonly<Record<string, unknown>>
const { "/api/v2/api-keys": all, "/api/v2/api-keys/{id}": one, "/api/v2/audit-logs": log } = openapi.paths

/** Where the contract has the responses to an operation. */
const operations: Readonly<Record<"list" | "create" | "delete" | "audit", readonly [string, string, Responses]>> = {
  list: ["/api/v2/api-keys", "get", all.get.responses],
  create: ["/api/v2/api-keys", "post", all.post.responses],
  delete: ["/api/v2/api-keys/{id}", "delete", one.delete.responses],
  audit: ["/api/v2/audit-logs", "get", log.get.responses]
}

/** How a response to an operation violates the contract. */
export const violations = (
  operation: keyof typeof operations,
  status: number,
  body: unknown
): ReadonlyArray<string> => {
  const [path, method, responses] = operations[operation]
  const documented = responses[status]
  const own = `#/paths/${encodeURIComponent(path.replaceAll("/", "~1"))}/${method}/responses/${status}`
  const reference = `contract${Predicate.hasProperty(documented, "$ref") ? documented.$ref : own}/content/application~1json/schema`
  const validate = ajv.getSchema(reference) ?? ajv.compile({ $ref: reference })
  return validate(body) === true
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

const Drawn = Schema.Struct({
  type: Schema.optional(Schema.String),
  format: Schema.optional(Schema.String),
  const: Schema.optional(Schema.Unknown),
  enum: Schema.optional(Schema.Array(Schema.Unknown)),
  items: Schema.optional(Schema.Unknown),
  properties: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
})

/** Anything that a schema of the contract allows, all properties included. */
export const allowedBy = (schema: unknown): fc.Arbitrary<unknown> => {
  const { const: value, enum: values, format, items, properties, type } = Schema.decodeUnknownSync(Drawn)(schema)
  if (value !== undefined) return fc.constant(value)
  if (values !== undefined) return fc.constantFrom(...values)
  switch (format ?? type) {
    case "uuid":
      return fc.uuid()
    case "date-time":
      return fc
        .date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-01-01") })
        .map((date) => date.toISOString())
    case "string":
      return fc.fullUnicodeString()
    case "array":
      return fc.array(allowedBy(items))
    case "object":
      return fc.record(Object.fromEntries(Object.entries(properties ?? {}).map(([name, of]) => [name, allowedBy(of)])))
    default:
      throw new Error(`This draws nothing for the schema ${JSON.stringify(schema)}`)
  }
}
