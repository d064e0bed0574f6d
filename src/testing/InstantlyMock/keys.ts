/** The workspaces and keys, including deleted ones. */
import * as Option from "effect/Option"
import * as Identity from "./identity.js"
import type { Options } from "./options.js"

export interface Workspace {
  readonly id: string
  /** Whether it has an active paid plan. */
  readonly paid: boolean
  /** The workspace whose keys may act on this one. */
  readonly admin: string | undefined
}

interface NewKey {
  readonly name: string
  readonly scopes: ReadonlyArray<string>
  readonly workspaceId: string
  /** Made up unless it is given. */
  readonly secret?: string | undefined
}

export interface StoredKey extends NewKey {
  readonly id: string
  readonly secret: string
  readonly createdAt: number
  readonly deletedAt: Option.Option<number>
}

export type Keys = ReturnType<typeof make>

export const make = (identity: Identity.Identity, uuidInSecret: NonNullable<Options["uuidInSecret"]>) => {
  const workspaces = new Map<string, Workspace>()
  const keys = new Map<string, StoredKey>()
  const bySecret = new Map<string, StoredKey>()
  const givenSecrets = new Set<string>()

  const store = (key: StoredKey): StoredKey => {
    keys.set(key.id.toLowerCase(), key)
    bySecret.set(key.secret, key)
    return key
  }

  const get = (id: string) => keys.get(id.toLowerCase())

  return {
    createWorkspace: (workspace: Omit<Workspace, "id">, now: number): string => {
      const id = identity.uuid(now)
      workspaces.set(id, { ...workspace, id })
      return id
    },
    setPaid: (id: string, paid: boolean) => {
      const workspace = workspaces.get(id)
      if (workspace !== undefined) workspaces.set(id, { ...workspace, paid })
    },
    workspace: (id: string) => workspaces.get(id),
    /** The workspace that a secret names, whether or not the secret is a key's. */
    workspaceIn: (secret: string) => {
      const uuid = Identity.uuidIn(secret) ?? ""
      return workspaces.get(keys.get(uuid)?.workspaceId ?? uuid)
    },
    create: (key: NewKey, now: number): StoredKey => {
      const id = identity.uuid(now)
      // A secret is made up even if one is given, so that the later ones are the same.
      const secret = identity.secret(uuidInSecret === "key" ? id : key.workspaceId)
      if (key.secret !== undefined) givenSecrets.add(key.secret)
      return store({ ...key, id, secret: key.secret ?? secret, createdAt: now, deletedAt: Option.none() })
    },
    /** The key that this deleted, if there was one. */
    delete: (id: string, now: number): StoredKey | undefined => {
      const key = get(id)
      return key === undefined || Option.isSome(key.deletedAt)
        ? undefined
        : store({ ...key, deletedAt: Option.some(now) })
    },
    get,
    bySecret: (secret: string) => bySecret.get(secret),
    /** Oldest first, deleted ones included. */
    all: () => [...keys.values()],
    /** The keys that are not deleted, oldest first. */
    existing: () => [...keys.values()].filter((key) => Option.isNone(key.deletedAt)),
    /** The secrets that a test gave. The others are recognised by their shape. */
    givenSecrets: (): Iterable<string> => givenSecrets
  }
}

/** Whether a key counts as deleted if a deletion takes this long to show. */
export const isDeleted = (key: StoredKey, now: number, lag: number) =>
  Option.exists(key.deletedAt, (deletedAt) => deletedAt + lag <= now)
