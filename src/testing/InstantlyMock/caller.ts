/** Who sends a request, and what that key may do: authentication, plans, workspaces and scopes. */
import * as Either from "effect/Either"
import { envelope, type Incoming, type Route, refused, type Served } from "./exchange.js"
import { isDeleted, type Keys, type StoredKey } from "./keys.js"
import type { Options } from "./options.js"

/** The options that decide why a caller is refused. */
export interface Behaviour
  extends Required<
    Pick<
      Options,
      "unknownKeyMessage" | "revokedKeyMessage" | "planChecked" | "missingScope" | "listsFoundScopes" | "uuidInSecret"
    >
  > {
  /** Milliseconds. */
  readonly revocationLag: number
}

type Checked<A> = Either.Either<A, Served>

const refuse = (status: number, message: string, reason: string): Checked<never> =>
  Either.left(refused(envelope(status, message), reason))

const unpaid = refuse(402, "Workspace does not have an active paid plan", "no active plan")

export const make = (keys: Keys, behaviour: Behaviour) => {
  /** The key that signs a request. */
  const authenticate = ({ headers }: Incoming, now: number): Checked<StoredKey> => {
    const header = headers["authorization"]
    if (header === undefined) return refuse(401, "Missing authorization header", "no Authorization header")
    const secret = /^Bearer (\S+)$/i.exec(header)?.[1]
    if (secret === undefined) return refuse(401, "Invalid authorization header", "malformed Authorization header")
    if (behaviour.planChecked === "beforeKey" && keys.workspaceIn(secret)?.paid === false) return unpaid
    const key = keys.bySecret(secret)
    if (key === undefined) return refuse(401, behaviour.unknownKeyMessage, "unknown API key")
    return isDeleted(key, now, behaviour.revocationLag)
      ? refuse(401, behaviour.revokedKeyMessage, "revoked API key")
      : Either.right(key)
  }

  /** The workspace that a request acts on. */
  const workspaceOf = ({ headers }: Incoming, caller: StoredKey) => {
    const id = headers["x-as-workspace"] ?? caller.workspaceId
    const workspace = keys.workspace(id)
    return workspace !== undefined && (id === caller.workspaceId || workspace.admin === caller.workspaceId)
      ? Either.right(workspace)
      : refuse(403, "Forbidden", "not a sub workspace of the caller's")
  }

  const requirePlan = ({ paid }: { readonly paid: boolean }): Checked<void> => (paid ? Either.void : unpaid)

  const requireScope = ({ action, resource }: Route["scope"], { scopes }: StoredKey): Checked<void> => {
    const required = `${resource}:${action}`
    const sufficient = [required, `${resource}:all`, `all:${action}`, "all:all"]
    if (sufficient.some((scope) => scopes.includes(scope))) return Either.void
    const reason = `scope ${required} is missing`
    if (behaviour.missingScope === 403) return refuse(403, "The API key lacks the required scope", reason)
    const found = behaviour.listsFoundScopes ? ` Found: ${scopes.join(", ")}` : ""
    return refuse(401, `Invalid scope. Required: ${required}.${found}`, reason)
  }

  return { authenticate, workspaceOf, requirePlan, requireScope }
}
