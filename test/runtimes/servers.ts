/** The servers that the suite calls, on sockets of this machine, and the plan that names them. */
import { createServer } from "node:http"
import type { Socket } from "node:net"
import { Context, Effect, Layer, Record, Redacted, Runtime } from "effect"
import { constVoid } from "effect/Function"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../examples/embedded/served.js"
import { hostility } from "../support/hostility.js"
import { closedPort, type RawServer, responseOf, selfSigned, serveRaw } from "../support/rawServer.js"
import type { Plan, Target } from "./suite.js"

const id = "019e18e2-78d4-7322-941a-7384d8969c61"
const lost = "019e18e2-78d4-7322-941a-7384d8969c62"
const at = (origin: string): Target => ({ origin, secret: "made-up-token", id })

/** A double, with a key to call with and one to delete. */
const double = (...faults: ReadonlyArray<Fault.Script>) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(served({ faults }))
    const mock = Context.get(context, InstantlyMock.InstantlyMock)
    const caller = yield* mock.createApiKey()
    const leaked = yield* mock.createApiKey({ name: "leaked" })
    const origin = yield* Effect.provide(address, context)
    return { mock, target: { origin, secret: Redacted.value(caller.secret), id: leaked.id } }
  })

/** Tells those who ask when a server's first request has arrived, and when its first connection is closed. */
const watched = (server: RawServer) =>
  Effect.gen(function* () {
    const runPromise = Runtime.runPromise(yield* Effect.runtime())
    const waits = createServer((request, response) => {
      runPromise(Effect.as(request.url === "/closed" ? server.closed : server.arrived, "yes")).then(
        (text) => response.end(text),
        () => response.end("no")
      )
    })
    const origin = yield* Effect.acquireRelease(
      Effect.async<string>((resume) => {
        waits.listen(0, "127.0.0.1", () => {
          const address = waits.address()
          resume(Effect.succeed(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`))
        })
      }),
      () => Effect.sync(() => waits.close().closeAllConnections())
    )
    return { ...at(server.origin), arrived: `${origin}/arrived`, closed: `${origin}/closed` }
  })

const notFound = JSON.stringify({ statusCode: 404, error: "Not Found", message: "Resource not found" })

/** Keeps its connections; loses the requests for one key, after reading them, and `leave`s then if it is told to. */
const keeping = (options: { readonly leave: boolean }) =>
  Effect.suspend(() => {
    const used = new WeakSet<Socket>()
    return serveRaw((socket, request, leave) => {
      if (request.includes(lost)) {
        if (options.leave) leave()
        socket.destroy()
      } else {
        socket.write(responseOf(404, notFound, { "x-request-id": used.has(socket) ? "req-kept" : "req-new" }))
        used.add(socket)
      }
    })
  })

export interface Servers {
  readonly plan: Plan
  /** How many requests arrived at the double whose response was lost. */
  readonly lossyArrivals: Effect.Effect<number>
  /** How many requests arrived that were lost on a kept connection: those that a client sent for one attempt. */
  readonly lostArrivals: () => number
  /** How many requests arrived at the servers that send no response. */
  readonly failingArrivals: () => Readonly<Record<string, number>>
  /** The servers that send more than anybody reads. */
  readonly hostile: Readonly<Record<string, RawServer>>
}

export const servers = Effect.gen(function* () {
  const present = yield* double()
  const missing = yield* double()
  const throttled = yield* double(Fault.next(Fault.respond({ status: 429, headers: { "retry-after": "1" } })))
  const silent = yield* double(Fault.always(Fault.swallowResponse))
  const lossy = yield* double(Fault.next(Fault.loseResponse))
  const kept = yield* keeping({ leave: false })
  const left = yield* keeping({ leave: true })

  const raw: Servers["hostile"] = {
    "closes at once": yield* serveRaw(constVoid, { greet: (socket) => socket.end() }),
    "resets at once": yield* serveRaw(constVoid, { greet: (socket) => socket.resetAndDestroy() }),
    "closes after the request": yield* serveRaw((socket) => socket.end()),
    "resets after the request": yield* serveRaw((socket) => socket.resetAndDestroy()),
    "has an untrusted certificate": yield* serveRaw(constVoid, { tls: selfSigned() })
  }
  const hostile: Servers["hostile"] = {
    "a 200 without end": yield* serveRaw(hostility["an endless body"](200)),
    "a 429 without end": yield* serveRaw(hostility["an endless body"](429)),
    "a 200 of 64 MB in gzip": yield* serveRaw(hostility["64 MB in gzip"](200)),
    "a 429 of 64 MB in gzip": yield* serveRaw(hostility["64 MB in gzip"](429))
  }
  const origins = Object.entries(raw).map(([name, { origin }]) => [name, origin.replace("127.0.0.1", "localhost")])

  const result: Servers = {
    plan: {
      present: present.target,
      missing: { ...missing.target, id },
      throttled: throttled.target,
      silent: silent.target,
      lossy: lossy.target,
      watched: yield* Effect.flatMap(serveRaw(constVoid), watched),
      keeping: { ...at(kept.origin), lost },
      leaving: { ...at(left.origin), lost },
      failing: Object.fromEntries(
        [
          ["refuses connections", `http://127.0.0.1:${yield* closedPort}`],
          ["cannot be resolved", "https://does-not-exist.invalid"],
          ...origins
        ].map(([name = "", origin = ""]) => [name, at(origin)])
      ),
      hostile: yield* Effect.all(Record.map(hostile, watched))
    },
    hostile,
    lossyArrivals: Effect.map(lossy.mock.arrivals, ({ length }) => length),
    lostArrivals: () => kept.requests.filter((request) => request.includes(lost)).length,
    failingArrivals: () =>
      Object.fromEntries(Object.entries(raw).map(([name, { requests }]) => [name, requests.length]))
  }
  return result
})
