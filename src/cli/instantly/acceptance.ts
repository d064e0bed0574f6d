/** Whether Instantly accepts a secret, what proves it, and what the secret can do. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKeys from "../../ApiKeys.js"
import { InstantlyClient } from "../../InstantlyClient.js"
import type { InstantlyError } from "../../InstantlyError.js"
import { cleaned } from "../terminal/printable.js"
import { hintOf } from "./secret.js"

export interface Acceptance {
  readonly state: "Accepted" | "Refused"
  readonly proof: string
  /** The scopes of its key, if a refusal listed them. */
  readonly scopes: Option.Option<ReadonlyArray<string>>
}

const Page = Schema.Struct({ items: Schema.Array(Schema.Unknown) })

/** Sends a harmless read with this secret in place of the tool's own. */
const read = (secret: Redacted.Redacted, path: string) =>
  Effect.flatMap(InstantlyClient, ({ execute }) =>
    execute(
      HttpClientRequest.get(path, { urlParams: { limit: 1 } }).pipe(
        HttpClientRequest.bearerToken(Redacted.value(secret))
      ),
      Page
    )
  )

const scopesIn = (found: ReadonlyArray<string>) => (found.length > 0 ? Option.some(found) : Option.none())

/** The scopes that a refusal of another harmless read lists. */
const scopesOf = (secret: Redacted.Redacted) =>
  read(secret, "/api/v2/audit-logs").pipe(
    Effect.as(Option.none<ReadonlyArray<string>>()),
    Effect.catchAll((error) =>
      Effect.succeed(error._tag === "InsufficientScope" ? scopesIn(error.found) : Option.none())
    )
  )

const accepted = (proof: string, scopes: Acceptance["scopes"] = Option.none()): Acceptance => ({
  state: "Accepted",
  proof,
  scopes
})

const refused: Acceptance = {
  state: "Refused",
  proof: "Instantly refuses it in the same words as a made-up secret.",
  scopes: Option.none()
}

/** Reads a list of keys with the secret. The errors mean neither yes nor no. */
export const check = (
  secret: Redacted.Redacted
): Effect.Effect<Acceptance, InstantlyError, ApiKeys.ApiKeys | InstantlyClient> =>
  read(secret, "/api/v2/api-keys").pipe(
    Effect.zipRight(scopesOf(secret)),
    Effect.map((scopes) => accepted("Instantly lists the keys of its workspace for it.", scopes)),
    Effect.catchTags({
      InsufficientScope: ({ found }) =>
        Effect.succeed(accepted("Instantly refuses it for a missing scope only.", scopesIn(found))),
      Unauthorized: () =>
        Effect.map(ApiKeys.isActive(secret), (isActive) =>
          isActive ? accepted("Instantly accepted it at the second try.") : refused
        )
    })
  )

/** A checked secret on stdout, for a program to read. */
export class Secret extends Schema.TaggedClass<Secret>("effect-instantly/cli/Secret")("Secret", {
  address: Schema.String,
  state: Schema.Literal("Accepted", "Refused", "Unknown"),
  /** Whether it has the shape of a real one. A part of a living secret is refused, too. */
  isWhole: Schema.Boolean,
  /** The scopes of its key, if a refusal listed them. */
  scopes: Schema.OptionFromNullOr(Schema.Array(Schema.String)),
  /** The proof of the state, or why it is unknown. */
  proof: Schema.String
}) {}

/** What a refusal means: only a secret that was whole is dead. */
export const meaningOfRefusal = (secret: Redacted.Redacted): string =>
  Option.match(hintOf(secret), {
    onNone: () => "It is dead.",
    onSome: (hint) => `${hint} A part of a living secret is refused in the same words.`
  })

/** What a key could do, in words. */
export const abilities = (scopes: Option.Option<ReadonlyArray<string>>): string =>
  Option.match(scopes, {
    onNone: () => "Instantly did not list its scopes.",
    onSome: (all) => `Its scopes: ${all.map((scope) => cleaned(scope, 64)).join(", ")}.`
  })
