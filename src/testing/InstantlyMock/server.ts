/** What Instantly does with a request, as far as it is known: a state, and an answer to each request. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type Answer, envelope, type Incoming, json } from "./exchange.js"
import * as Framework from "./framework.js"
import * as Window from "./window.js"

export interface Workspace {
  readonly id: string
  /** Whether it has an active paid plan. */
  readonly paid: boolean
  /** The workspace whose keys may act on this one. */
  readonly admin: string | undefined
}

export interface StoredKey {
  readonly id: string
  readonly name: string
  readonly scopes: ReadonlyArray<string>
  readonly secret: string
  readonly workspaceId: string
  readonly createdAt: number
  readonly deletedAt: Option.Option<number>
}

export interface Behaviour {
  readonly limits: ReadonlyArray<Window.Limit>
  readonly window: Window.WindowKind
  readonly retryAfter: boolean
  readonly chargedWorkspace: "caller" | "target"
  readonly shownSecret: "whole" | "masked" | "empty"
  readonly listLag: number
  readonly revocationLag: number
  readonly cursorOnLastPage: boolean
}

/** An answer, and why it is what it is. */
export interface Served {
  readonly answer: Answer
  readonly applied: boolean
  readonly reason: string
}

const refuse = (answer: Answer, reason: string): Either.Either<never, Served> =>
  Either.left({ answer, applied: false, reason })

const byFramework = <A>(checked: Either.Either<A, Answer>, reason: string): Either.Either<A, Served> =>
  Either.mapLeft(checked, (answer) => ({ answer, applied: false, reason }))

/** What the edge refuses: none, and what Node's own clients send unless they are told otherwise. */
const defaultUserAgents = new Set(["", "node", "undici"])

const actions = { create: "create", list: "read", delete: "delete" } as const

export const make = (behaviour: Behaviour) => {
  const workspaces = new Map<string, Workspace>()
  const keys = new Map<string, StoredKey>()
  const bySecret = new Map<string, StoredKey>()
  const counters = new Map<string, Window.Counter>()

  const counterOf = (workspaceId: string): Window.Counter => {
    const counter = counters.get(workspaceId) ?? Window.make(behaviour.limits, behaviour.window)
    counters.set(workspaceId, counter)
    return counter
  }

  const addKey = (key: StoredKey) => {
    keys.set(key.id.toLowerCase(), key)
    bySecret.set(key.secret, key)
  }

  const isDeleted = (key: StoredKey, now: number, lag: number) =>
    Option.exists(key.deletedAt, (deletedAt) => deletedAt + lag <= now)

  const deleteKey = (id: string, now: number) => {
    const key = keys.get(id.toLowerCase())
    if (key !== undefined && Option.isNone(key.deletedAt)) addKey({ ...key, deletedAt: Option.some(now) })
  }

  const shown = (secret: string) =>
    behaviour.shownSecret === "whole" ? secret : behaviour.shownSecret === "masked" ? `${secret.slice(0, 4)}****` : ""

  const onWire = (key: StoredKey, secret = shown(key.secret)) => ({
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
    // A cursor outlives its key; one that never was a key has nothing behind it.
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
      items: items.map((key) => onWire(key)),
      ...(last === undefined || (isLastPage && !behaviour.cursorOnLastPage) ? {} : { next_starting_after: last.id })
    }
  }

  const perform = (
    command: Framework.Command,
    workspace: Workspace,
    now: number,
    fresh: () => { readonly id: string; readonly secret: string }
  ): Either.Either<Served, Served> => {
    switch (command.operation) {
      case "create": {
        const { id, secret } = fresh()
        const { name, scopes } = command
        const key = { id, secret, name, scopes, workspaceId: workspace.id, createdAt: now, deletedAt: Option.none() }
        addKey(key)
        return Either.right({ answer: json(200, onWire(key, secret)), applied: true, reason: "created" })
      }
      case "list":
        return Either.right({ answer: json(200, list(workspace.id, command, now)), applied: true, reason: "listed" })
      case "delete": {
        const key = keys.get(command.id.toLowerCase())
        const missing = (reason: string) => refuse(envelope(404, "Resource not found"), reason)
        if (key === undefined) return missing("unknown id")
        if (key.workspaceId !== workspace.id) return missing("another workspace's key")
        if (Option.isSome(key.deletedAt)) return missing("already deleted")
        deleteKey(key.id, now)
        return Either.right({ answer: json(200, onWire(key)), applied: true, reason: "deleted" })
      }
    }
  }

  const handle = (
    incoming: Incoming,
    now: number,
    fresh: () => { readonly id: string; readonly secret: string }
  ): Served =>
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
        return yield* perform(command, workspace, now, fresh)
      })
    )

  return {
    workspaces,
    addKey,
    deleteKey,
    existing: () => [...keys.values()].filter((key) => Option.isNone(key.deletedAt)),
    secrets: () => bySecret.keys(),
    handle
  }
}
