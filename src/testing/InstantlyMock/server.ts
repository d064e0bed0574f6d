/** What Instantly does, as far as it is known: its workspaces and keys, and the response to each request. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Response } from "../Fault.js"
import type { Options } from "../InstantlyMock.js"
import { envelope, type Incoming, json, type Served } from "./exchange.js"
import * as Framework from "./framework.js"
import type { Identity } from "./identity.js"
import * as Window from "./window.js"

interface Workspace {
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

/** The options that the server is about, with all durations in milliseconds. */
export interface Behaviour
  extends Required<Pick<Options, "window" | "retryAfter" | "chargedWorkspace" | "shownSecret" | "cursorOnLastPage">> {
  readonly limits: ReadonlyArray<Window.Limit>
  readonly listLag: number
  readonly revocationLag: number
}

const refuse = (response: Response, reason: string): Either.Either<never, Served> =>
  Either.left({ response, applied: false, reason })

const apply = (response: Response, reason: string): Either.Either<Served> =>
  Either.right({ response, applied: true, reason })

const byFramework = <A>(checked: Either.Either<A, Response>, reason: string): Either.Either<A, Served> =>
  Either.mapLeft(checked, (response) => ({ response, applied: false, reason }))

/** The `User-Agent` headers that the edge refuses: an empty one, and the defaults of Node's own clients. */
const defaultUserAgents = new Set(["", "node", "undici"])

const actions = { create: "create", list: "read", delete: "delete" } as const

export const make = (identity: Identity, behaviour: Behaviour) => {
  const workspaces = new Map<string, Workspace>()
  const keys = new Map<string, StoredKey>()
  const bySecret = new Map<string, StoredKey>()
  const counters = new Map<string, Window.Counter>()

  const counterOf = (workspaceId: string): Window.Counter => {
    const counter = counters.get(workspaceId) ?? Window.make(behaviour.limits, behaviour.window)
    counters.set(workspaceId, counter)
    return counter
  }

  const createWorkspace = (workspace: Omit<Workspace, "id">, now: number): string => {
    const id = identity.uuid(now)
    workspaces.set(id, { ...workspace, id })
    return id
  }

  const setPaid = (id: string, paid: boolean) => {
    const workspace = workspaces.get(id)
    if (workspace !== undefined) workspaces.set(id, { ...workspace, paid })
  }

  const store = (key: StoredKey): StoredKey => {
    keys.set(key.id.toLowerCase(), key)
    bySecret.set(key.secret, key)
    return key
  }

  const createKey = (key: NewKey, now: number): StoredKey => {
    // A secret is drawn even where one is given, so that the ids that follow are the same.
    const made = { id: identity.uuid(now), secret: identity.secret() }
    return store({ ...key, id: made.id, secret: key.secret ?? made.secret, createdAt: now, deletedAt: Option.none() })
  }

  const isDeleted = (key: StoredKey, now: number, lag: number) =>
    Option.exists(key.deletedAt, (deletedAt) => deletedAt + lag <= now)

  const deleteKey = (id: string, now: number) => {
    const key = keys.get(id.toLowerCase())
    if (key !== undefined && Option.isNone(key.deletedAt)) store({ ...key, deletedAt: Option.some(now) })
  }

  const shown = (secret: string) =>
    behaviour.shownSecret === "whole" ? secret : behaviour.shownSecret === "masked" ? `${secret.slice(0, 4)}****` : ""

  const encoded = (key: StoredKey, secret = shown(key.secret)) => ({
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    key: secret,
    organization_id: key.workspaceId,
    timestamp_created: new Date(key.createdAt).toISOString(),
    timestamp_updated: new Date(key.createdAt).toISOString()
  })

  const authenticate = ({ headers }: Incoming, now: number): Either.Either<StoredKey, Served> => {
    const header = headers["authorization"]
    if (header === undefined) return refuse(envelope(401, "Missing Authorization header"), "no Authorization header")
    const token = /^Bearer (\S+)$/i.exec(header)?.[1]
    if (token === undefined)
      return refuse(envelope(401, "Invalid Authorization header"), "malformed Authorization header")
    const key = bySecret.get(token)
    if (key === undefined) return refuse(envelope(401, "Invalid API key"), "unknown API key")
    return isDeleted(key, now, behaviour.revocationLag)
      ? refuse(envelope(401, "Invalid API key"), "revoked API key")
      : Either.right(key)
  }

  const targetOf = ({ headers }: Incoming, caller: StoredKey): Either.Either<Workspace, Served> => {
    const id = headers["x-as-workspace"] ?? caller.workspaceId
    const workspace = workspaces.get(id)
    return workspace !== undefined && (id === caller.workspaceId || workspace.admin === caller.workspaceId)
      ? Either.right(workspace)
      : refuse(envelope(403, "Forbidden"), "not a sub workspace of the caller's")
  }

  const charge = (workspaceId: string, now: number): Either.Either<void, Served> => {
    const counter = counterOf(workspaceId)
    const wait = counter.wait(now)
    if (wait <= 0) return Either.right(counter.admit(now))
    const headers = behaviour.retryAfter ? { "retry-after": String(Math.ceil(wait / 1000)) } : {}
    return refuse(envelope(429, "Rate limit exceeded", { headers }), "rate limit")
  }

  const list = (workspaceId: string, { limit, startingAfter }: Framework.List, now: number): unknown => {
    const all = [...keys.values()]
    const cursor = startingAfter === undefined ? -1 : all.findIndex((key) => key.id === startingAfter)
    // A cursor still works when its key has been deleted. Nothing comes after an id that was never a key's.
    const behind = startingAfter !== undefined && cursor === -1 ? [] : all.slice(cursor + 1)
    const listed = behind.filter(
      (key) =>
        key.workspaceId === workspaceId &&
        !isDeleted(key, now, behaviour.listLag) &&
        key.createdAt + behaviour.listLag <= now
    )
    const items = listed.slice(0, limit)
    const last = items.at(-1)
    const isLastPage = listed.length <= limit
    return {
      items: items.map((key) => encoded(key)),
      ...(last === undefined || (isLastPage && !behaviour.cursorOnLastPage) ? {} : { next_starting_after: last.id })
    }
  }

  const perform = (command: Framework.Command, workspaceId: string, now: number): Either.Either<Served, Served> => {
    switch (command.operation) {
      case "create": {
        const { name, scopes } = command
        const key = createKey({ name, scopes, workspaceId }, now)
        return apply(json(200, encoded(key, key.secret)), "created")
      }
      case "list":
        return apply(json(200, list(workspaceId, command, now)), "listed")
      case "delete": {
        const key = keys.get(command.id.toLowerCase())
        const missing = (reason: string) => refuse(envelope(404, "Resource not found"), reason)
        if (key === undefined) return missing("unknown id")
        if (key.workspaceId !== workspaceId) return missing("another workspace's key")
        if (Option.isSome(key.deletedAt)) return missing("already deleted")
        deleteKey(key.id, now)
        return apply(json(200, encoded(key)), "deleted")
      }
    }
  }

  const handle = (incoming: Incoming, now: number): Served =>
    Either.merge(
      Either.gen(function* () {
        if (defaultUserAgents.has(incoming.headers["user-agent"] ?? "")) {
          const page = {
            status: 403,
            headers: { "content-type": "text/plain; charset=UTF-8" },
            body: "error code: 1010"
          }
          return yield* refuse(page, "the edge wants a User-Agent of the program's own")
        }
        const operation = yield* byFramework(Framework.route(incoming), "no such route")
        const caller = yield* authenticate(incoming, now)
        const workspace = yield* targetOf(incoming, caller)
        yield* charge(behaviour.chargedWorkspace === "caller" ? caller.workspaceId : workspace.id, now)
        const command = yield* byFramework(Framework.validate(operation, incoming), "the framework's validation")
        if (!workspace.paid) {
          return yield* refuse(envelope(402, "Workspace does not have an active paid plan"), "no active plan")
        }
        const action = actions[operation]
        if (
          ![`api_keys:${action}`, "api_keys:all", `all:${action}`, "all:all"].some((scope) =>
            caller.scopes.includes(scope)
          )
        ) {
          return yield* refuse(envelope(403, "Forbidden"), `scope api_keys:${action} is missing`)
        }
        return yield* perform(command, workspace.id, now)
      })
    )

  return {
    createWorkspace,
    setPaid,
    createKey,
    deleteKey,
    /** The keys that are not deleted, oldest first. */
    existing: () => [...keys.values()].filter((key) => Option.isNone(key.deletedAt)),
    secrets: () => bySecret.keys(),
    handle
  }
}
