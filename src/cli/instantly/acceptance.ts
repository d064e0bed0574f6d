/** Whether Instantly accepts a secret, what proves it, and what the secret can do. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKeys from "../../ApiKeys.js"
import { InstantlyClient } from "../../InstantlyClient.js"
import type { InstantlyError } from "../../InstantlyError.js"
import { jsonOf, printJson, wantsJson } from "../terminal/json.js"
import { cleaned } from "../terminal/printable.js"
import { quickly } from "./quickly.js"
import { hintOf } from "./secret.js"
import { Target } from "./target.js"

/** The lists that a secret is tried on, by the resource in the names of their scopes. */
export type Resource = "api_keys" | "audit_logs"

/** What a secret can do, as far as Instantly has shown it. */
export interface Abilities {
  /** The scopes of its key, if a refusal listed them. */
  readonly scopes: Option.Option<ReadonlyArray<string>>
  /** Whether it can read these lists. One that was not tried is left out. */
  readonly reads: ReadonlyMap<Resource, boolean>
}

export interface Acceptance extends Abilities {
  readonly state: "Accepted" | "Refused"
  readonly proof: string
}

const Page = Schema.Struct({ items: Schema.Array(Schema.Unknown) })

const paths: Readonly<Record<Resource, string>> = {
  api_keys: "/api/v2/api-keys",
  audit_logs: "/api/v2/audit-logs"
}

/** Sends a harmless read with this secret in place of the tool's own. */
const read = (secret: Redacted.Redacted, resource: Resource) =>
  Effect.flatMap(InstantlyClient, ({ execute }) =>
    execute(
      HttpClientRequest.get(paths[resource], { urlParams: { limit: 1 } }).pipe(
        HttpClientRequest.bearerToken(Redacted.value(secret))
      ),
      Page
    )
  )

export const nothing: Abilities = { scopes: Option.none(), reads: new Map() }

const canRead = (resource: Resource): Abilities => ({ ...nothing, reads: new Map([[resource, true]]) })

/** What a refusal for a missing scope shows. */
const cannotRead = (resource: Resource, found: ReadonlyArray<string>): Abilities => ({
  scopes: found.length > 0 ? Option.some(found) : Option.none(),
  reads: new Map([[resource, false]])
})

const both = (one: Abilities, other: Abilities): Abilities => ({
  scopes: Option.orElse(one.scopes, () => other.scopes),
  reads: new Map([...one.reads, ...other.reads])
})

/** What another harmless read shows of an accepted secret. */
const more = (secret: Redacted.Redacted) =>
  read(secret, "audit_logs").pipe(
    quickly,
    Effect.as(canRead("audit_logs")),
    Effect.catchAll((error) =>
      Effect.succeed(error._tag === "InsufficientScope" ? cannotRead("audit_logs", error.found) : nothing)
    )
  )

const accepted = (proof: string, abilities: Abilities): Acceptance => ({ state: "Accepted", proof, ...abilities })

const refused: Acceptance = {
  state: "Refused",
  proof: "Instantly refuses it in the same words as a made-up secret.",
  ...nothing
}

/** Reads a list of keys with the secret. The errors mean neither yes nor no. */
export const check = (
  secret: Redacted.Redacted
): Effect.Effect<Acceptance, InstantlyError, ApiKeys.ApiKeys | InstantlyClient> =>
  read(secret, "api_keys").pipe(
    Effect.zipRight(more(secret)),
    Effect.map((abilities) =>
      accepted("With it, Instantly lists the keys of its workspace.", both(canRead("api_keys"), abilities))
    ),
    Effect.catchTags({
      InsufficientScope: ({ found }) =>
        Effect.succeed(accepted("Instantly says only that it lacks a scope.", cannotRead("api_keys", found))),
      Unauthorized: () =>
        Effect.map(ApiKeys.isActive(secret), (isActive) =>
          isActive ? accepted("Instantly accepted it at the second try.", nothing) : refused
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

/** What was found out about a secret, with the exit code. */
export interface Verdict {
  readonly state: Secret["state"]
  readonly proof: string
  readonly code: number
}

/** What an error says about a secret: nothing. */
export const unknown = ({ message }: InstantlyError) =>
  ({ state: "Unknown", proof: message, scopes: Option.none() }) as const

const toJson = jsonOf(Secret)

/** Prints what was found out about a secret as a line of JSON, if stdout is for a program. */
export const show = (
  secret: Redacted.Redacted,
  found: { readonly state: Secret["state"]; readonly proof: string; readonly scopes: Abilities["scopes"] },
  json: boolean
) =>
  Effect.gen(function* () {
    if (!(yield* wantsJson(json))) return
    const { address } = yield* Target
    const { proof, scopes, state } = found
    const isWhole = Option.isNone(hintOf(secret))
    yield* Effect.flatMap(toJson(new Secret({ address, state, isWhole, scopes, proof })), printJson)
  })

/** What a refusal means: only a secret that was whole is dead. */
export const meaningOfRefusal = (secret: Redacted.Redacted): string =>
  Option.match(hintOf(secret), {
    onNone: () => "It is dead.",
    onSome: (hint) => `${hint} A part of a living secret is refused in the same words.`
  })

const names: Readonly<Record<Resource, string>> = { api_keys: "list API keys", audit_logs: "read the audit log" }

/** What a key could do, in words. */
export const inWords = ({ reads, scopes }: Abilities): string =>
  Option.match(scopes, {
    onNone: () => {
      const can = [...reads].flatMap(([resource, isRead]) => (isRead ? [names[resource]] : []))
      return can.length === 0
        ? "Instantly did not list its scopes."
        : `It can ${can.join(" and ")}. Its other scopes are not known.`
    },
    onSome: (all) => `Its scopes: ${all.map((scope) => cleaned(scope, 64)).join(", ")}.`
  })
