/** Which key a secret belongs to, as far as the list and the secret itself show it. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../ApiKey.js"
import { type Abilities, nothing, type Resource } from "./acceptance.js"
import { shapeOf } from "./secret.js"
import { type Listing, withSecret } from "./workspace.js"

export interface Evidence {
  /** The key that the secret certainly belongs to. */
  readonly key: Option.Option<ApiKey>
  /** The keys that it can belong to. */
  readonly candidates: ReadonlyArray<ApiKey>
  /** Whether only one key is left. */
  readonly isAlone: boolean
  /** Whether the scopes leave only some of the keys. */
  readonly isNarrowed: boolean
  /** Notes on each key, by its id in lower case. */
  readonly marks: ReadonlyMap<string, string>
  /** The UUID in the secret, if it is neither this workspace's nor one of its keys'. */
  readonly elsewhere: Option.Option<string>
  readonly isOfThisWorkspace: boolean
}

export const none: Evidence = {
  key: Option.none(),
  candidates: [],
  isAlone: false,
  isNarrowed: false,
  marks: new Map(),
  elsewhere: Option.none(),
  isOfThisWorkspace: false
}

const marked = (keys: ReadonlyArray<ApiKey>, text: string) => new Map(keys.map(({ id }) => [id.toLowerCase(), text]))

const certain = (key: ApiKey, mark: string): Evidence => ({
  ...none,
  key: Option.some(key),
  candidates: [key],
  isAlone: true,
  marks: marked([key], mark),
  isOfThisWorkspace: true
})

/** The key that a secret certainly belongs to. */
export const ownerOf = (listing: Listing, secret: Redacted.Redacted): Option.Option<ApiKey> =>
  evidenceOf(listing, secret, nothing).key

const isSame = (some: ReadonlyArray<string>, others: ReadonlyArray<string>) => {
  const all = new Set(some)
  return all.size === new Set(others).size && others.every((one) => all.has(one))
}

/** Whether a key's scopes let it read a list, by Instantly's documentation. */
const canRead = ({ scopes }: ApiKey, resource: Resource) =>
  [`${resource}:read`, `${resource}:all`, "all:read", "all:all"].some((scope) => scopes.includes(scope))

/** Whether a key can do just this, as far as it is known. */
export const fits = (key: ApiKey, { reads, scopes }: Abilities) =>
  Option.match(scopes, {
    onNone: () => [...reads].every(([resource, isRead]) => canRead(key, resource) === isRead),
    onSome: (found) => isSame(key.scopes, found)
  })

/**
 * Which key a secret belongs to; `other` is one that it does not. The UUID in a secret is its workspace's, says one team of its
 * own key.
 */
export const evidenceOf = (
  listing: Listing,
  secret: Redacted.Redacted,
  abilities: Abilities,
  other: Option.Option<ApiKey> = Option.none()
): Evidence => {
  const keys = Either.getOrElse(listing, () => [])
  const shown = withSecret(listing, secret)
  if (Option.isSome(shown)) return certain(shown.value, "the leaked secret is this one's")
  const uuid = Option.map(Either.getRight(shapeOf(secret)), (shape) => shape.uuid)
  const byId = keys.find(({ id }) => Option.contains(uuid, id.toLowerCase()))
  if (byId !== undefined) return certain(byId, "its id is in the leaked secret")
  const isOfThisWorkspace = keys.some(({ organizationId }) => Option.contains(uuid, organizationId.toLowerCase()))
  if (Option.isSome(uuid) && keys.length > 0 && !isOfThisWorkspace) return { ...none, elsewhere: uuid }
  const candidates = keys.filter((key) => fits(key, abilities) && !Option.contains(other, key))
  const isExact = Option.isSome(abilities.scopes)
  const isNarrowed = isExact || candidates.length < keys.length
  const mark = isExact ? "it has exactly the leaked secret's scopes" : "its scopes fit the leaked secret"
  return {
    ...none,
    candidates,
    isAlone: isOfThisWorkspace && isExact && candidates.length === 1,
    isNarrowed,
    marks: isNarrowed ? marked(candidates, mark) : new Map(),
    isOfThisWorkspace
  }
}
