/** What Instantly does with a request: its checks, in their order. Each has its own file beside this one. */
import * as Either from "effect/Either"
import type { Response } from "../Fault.js"
import * as ApiKeys from "./apiKeys.js"
import type * as AuditLog from "./auditLog.js"
import * as Caller from "./caller.js"
import { envelope, type Incoming, refused, type Served } from "./exchange.js"
import * as Framework from "./framework.js"
import type { Keys } from "./keys.js"
import type { Options } from "./options.js"
import * as Window from "./window.js"

/** How the server behaves, with all durations in milliseconds. */
export interface Behaviour
  extends Caller.Behaviour,
    ApiKeys.Behaviour,
    AuditLog.Behaviour,
    Required<Pick<Options, "window" | "retryAfter" | "chargedWorkspace">> {
  readonly limits: ReadonlyArray<Window.Limit>
}

/** The `User-Agent` headers that the edge refuses: an empty one, and the defaults of Node's own clients. */
const defaultUserAgents = new Set(["", "node", "undici"])

const edge = ({ headers }: Incoming): Either.Either<void, Served> => {
  if (!defaultUserAgents.has(headers["user-agent"] ?? "")) return Either.void
  const page = { status: 403, headers: { "content-type": "text/plain; charset=UTF-8" }, body: "error code: 1010" }
  return Either.left(refused(page, "the edge wants a User-Agent of the program's own"))
}

const byFramework = <A>(checked: Either.Either<A, Response>, reason: string): Either.Either<A, Served> =>
  Either.mapLeft(checked, (response) => refused(response, reason))

/** Counts a workspace's requests, and refuses those above its limits. */
const limiter = ({ limits, retryAfter, window }: Behaviour) => {
  const counters = new Map<string, Window.Counter>()
  return (workspaceId: string, now: number): Either.Either<void, Served> => {
    const counter = counters.get(workspaceId) ?? Window.make(limits, window)
    counters.set(workspaceId, counter)
    const wait = counter.wait(now)
    if (wait <= 0) return Either.right(counter.admit(now))
    const headers = retryAfter ? { "retry-after": String(Math.ceil(wait / 1000)) } : {}
    return Either.left(refused(envelope(429, "Rate limit exceeded", { headers }), "rate limit"))
  }
}

export const make = (keys: Keys, auditLog: AuditLog.AuditLog, behaviour: Behaviour) => {
  const routes = [...ApiKeys.make(keys, auditLog, behaviour), ...auditLog.routes]
  const { authenticate, requirePlan, requireScope, workspaceOf } = Caller.make(keys, behaviour)
  const charge = limiter(behaviour)

  return (incoming: Incoming, now: number): Served =>
    Either.merge(
      Either.gen(function* () {
        yield* edge(incoming)
        const route = yield* byFramework(
          Framework.route(routes, incoming),
          "the double has only API keys and the audit log"
        )
        const caller = yield* authenticate(incoming, now)
        const workspace = yield* workspaceOf(incoming, caller)
        yield* charge(behaviour.chargedWorkspace === "caller" ? caller.workspaceId : workspace.id, now)
        const perform = yield* byFramework(route.validate(incoming), "the framework's validation")
        yield* requirePlan(workspace)
        yield* requireScope(route.scope, caller)
        return perform({ caller, workspaceId: workspace.id, incoming, now })
      })
    )
}
