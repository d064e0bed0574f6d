/** An HTTP service of an app's own, with one endpoint: `DELETE /keys/:id` revokes an Instantly API key. */
import { HttpApi, HttpApiEndpoint, HttpApiError, HttpApiGroup, HttpApiSchema } from "@effect/platform"
import { Schema } from "effect"
import { ApiKey, Outcome } from "effect-instantly"

/** What is told of a key that is gone: never its secret. */
export class Revoked extends Schema.Class<Revoked>("Revoked")({ id: ApiKey.ApiKeyId, name: Schema.String }) {}

const problem = { message: Schema.String }

/** The service is at fault, not who calls it. */
export class Misconfigured extends Schema.TaggedError<Misconfigured>()(
  "Misconfigured",
  { ...problem, because: Schema.Literal("credential", "plan", "scope") },
  HttpApiSchema.annotations({ status: 500 })
) {}

export class Busy extends Schema.TaggedError<Busy>()(
  "Busy",
  { ...problem, retryAfterSeconds: Schema.Number },
  HttpApiSchema.annotations({ status: 503 })
) {}

/** It did not work, or nobody knows whether it did: `outcome` tells which. */
export class Unconfirmed extends Schema.TaggedError<Unconfirmed>()(
  "Unconfirmed",
  { ...problem, outcome: Outcome.Outcome },
  HttpApiSchema.annotations({ status: 502 })
) {}

export class NoResponse extends Schema.TaggedError<NoResponse>()(
  "NoResponse",
  { ...problem, outcome: Outcome.Outcome },
  HttpApiSchema.annotations({ status: 504 })
) {}

export class Api extends HttpApi.make("revocation").add(
  HttpApiGroup.make("keys").add(
    HttpApiEndpoint.del("revoke", "/keys/:id")
      .setPath(Schema.Struct({ id: ApiKey.ApiKeyId }))
      .addSuccess(Revoked)
      .addError(HttpApiError.BadRequest)
      .addError(HttpApiError.NotFound)
      .addError(Misconfigured)
      .addError(Busy)
      .addError(Unconfirmed)
      .addError(NoResponse)
  )
) {}
