/** An HTTP service with one endpoint: `DELETE /keys/:id` revokes an Instantly API key. Its callers need a bearer token. */
import {
  HttpApi,
  HttpApiEndpoint,
  HttpApiError,
  HttpApiGroup,
  HttpApiMiddleware,
  HttpApiSchema,
  HttpApiSecurity
} from "@effect/platform"
import { Schema } from "effect"
import { ApiKey, Outcome } from "effect-instantly"

/** The key is gone. Its name is null if Instantly confirmed the deletion in a response that could not be read as a whole. */
export class Revoked extends Schema.Class<Revoked>("Revoked")({
  id: ApiKey.ApiKeyId,
  name: Schema.NullOr(Schema.String)
}) {}

const problem = { message: Schema.String }

/** The service is at fault, not its caller. */
export class Misconfigured extends Schema.TaggedError<Misconfigured>()(
  "Misconfigured",
  { ...problem, because: Schema.Literal("credential", "plan", "scope", "settings") },
  HttpApiSchema.annotations({ status: 500 })
) {}

export class Busy extends Schema.TaggedError<Busy>()(
  "Busy",
  { ...problem, retryAfterSeconds: Schema.Number },
  HttpApiSchema.annotations({ status: 503 })
) {}

/** The deletion failed, or nobody knows whether it did: `outcome` says which. */
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

/** Lets a request in only with the bearer token of this service. It has nothing to do with Instantly's API key. */
export class Authorization extends HttpApiMiddleware.Tag<Authorization>()("Authorization", {
  failure: HttpApiError.Unauthorized,
  security: { bearer: HttpApiSecurity.bearer }
}) {}

export class Api extends HttpApi.make("revocation")
  .add(
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
  )
  .middleware(Authorization) {}
