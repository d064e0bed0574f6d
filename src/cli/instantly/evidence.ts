/** Which key a secret belongs to, as far as the list and the secret itself show it. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../ApiKey.js"
import { shapeOf } from "./secret.js"
import { type Listing, withSecret } from "./workspace.js"

export interface Evidence {
  /** The key that the secret certainly belongs to. */
  readonly key: Option.Option<ApiKey>
  /** The keys that it can belong to. */
  readonly candidates: ReadonlyArray<ApiKey>
  /** Whether only one key is left. */
  readonly isAlone: boolean
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

const isSame = (some: ReadonlyArray<string>, others: ReadonlyArray<string>) => {
  const all = new Set(some)
  return all.size === new Set(others).size && others.every((one) => all.has(one))
}

/** The scopes are those that a refusal listed. The UUID in a secret is its workspace's, says one team of its own key. */
export const evidenceOf = (
  listing: Listing,
  secret: Redacted.Redacted,
  scopes: Option.Option<ReadonlyArray<string>>
): Evidence => {
  const keys = Either.getOrElse(listing, () => [])
  const shown = withSecret(listing, secret)
  if (Option.isSome(shown)) return certain(shown.value, "the leaked secret is this one's")
  const uuid = Option.map(Either.getRight(shapeOf(secret)), (shape) => shape.uuid)
  const byId = keys.find(({ id }) => Option.contains(uuid, id.toLowerCase()))
  if (byId !== undefined) return certain(byId, "its id is in the leaked secret")
  const isOfThisWorkspace = keys.some(({ organizationId }) => Option.contains(uuid, organizationId.toLowerCase()))
  if (Option.isSome(uuid) && keys.length > 0 && !isOfThisWorkspace) return { ...none, elsewhere: uuid }
  const candidates = Option.match(scopes, {
    onNone: () => keys,
    onSome: (found) => keys.filter((key) => isSame(key.scopes, found))
  })
  return {
    ...none,
    candidates,
    isAlone: isOfThisWorkspace && candidates.length === 1,
    marks: Option.isSome(scopes) ? marked(candidates, "it has exactly the leaked secret's scopes") : new Map(),
    isOfThisWorkspace
  }
}
