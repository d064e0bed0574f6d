/** A server on loopback that a test writes byte by byte: no HTTP library stands between a test and the wire. */
import { readFileSync } from "node:fs"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type * as Scope from "effect/Scope"

/** What is done with a request; `leave` refuses connections from then on, and keeps those there are. */
export type Respond = (socket: Net.Socket, request: string, leave: () => void) => void

export interface RawServer {
  readonly port: number
  readonly origin: string
  /** The requests up to now, each with all its bytes. */
  readonly requests: ReadonlyArray<string>
  /** Waits for the first request. */
  readonly arrived: Effect.Effect<void>
  /** Waits until the first connection is closed, by whichever side. */
  readonly closed: Effect.Effect<void>
  /** How many connections were made up to now. */
  readonly connections: () => number
  /** Waits until no connection is open. */
  readonly allClosed: Effect.Effect<void>
  /** How many bytes it wrote, on all connections, as far as the machine took them. */
  readonly written: () => number
}

export interface Options {
  /** What is done with a new connection, before a byte of a request. */
  readonly greet?: (socket: Net.Socket) => void
  /** Speaks TLS, with this certificate or with none. */
  readonly tls?: Tls.TlsOptions
}

const listening = (server: Net.Server) =>
  Effect.async<number>((resume) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resume(
        typeof address === "object" && address !== null
          ? Effect.succeed(address.port)
          : Effect.dieMessage("the server has no port")
      )
    })
  })

/** Serves until the scope ends; a request is complete with its head, and whatever came in the same breath. */
export const serveRaw = (
  respond: Respond,
  { greet = constVoid, tls }: Options = {}
): Effect.Effect<RawServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const requests: Array<string> = []
    const sockets = new Set<Net.Socket>()
    const open = new Set<Net.Socket>()
    const waiting = new Set<() => void>()
    const arrived = yield* Deferred.make<void>()
    const closed = yield* Deferred.make<void>()

    const converse = (socket: Net.Socket) => {
      let request = ""
      socket.on("error", constVoid) // a reset is for the client to tell
      socket.setEncoding("latin1").on("data", (bytes) => {
        request += bytes
        if (!request.includes("\r\n\r\n")) return
        requests.push(request)
        Deferred.unsafeDone(arrived, Effect.void)
        respond(socket, request, () => server.close())
        request = ""
      })
      greet(socket)
    }
    const server = tls === undefined ? Net.createServer(converse) : Tls.createServer(tls, converse)
    server.on("connection", (socket: Net.Socket) => {
      sockets.add(socket)
      open.add(socket)
      socket.on("close", () => {
        open.delete(socket)
        Deferred.unsafeDone(closed, Effect.void)
        if (open.size === 0) for (const wake of waiting) wake()
      })
    })

    const port = yield* Effect.acquireRelease(listening(server), () =>
      Effect.async((resume) => {
        server.close(() => resume(Effect.void))
        for (const socket of sockets) socket.destroy()
      })
    )
    return {
      port,
      origin: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
      requests,
      arrived: Deferred.await(arrived),
      closed: Deferred.await(closed).pipe(Effect.timeout("5 seconds"), Effect.orDie),
      connections: () => sockets.size,
      allClosed: Effect.async<void>((resume) => {
        const wake = () => resume(Effect.void)
        if (open.size === 0) wake()
        else waiting.add(wake)
        return Effect.sync(() => waiting.delete(wake))
      }).pipe(Effect.timeout("10 seconds"), Effect.orDie, Effect.withClock(Clock.make())),
      written: () => [...sockets].reduce((all, { bytesWritten }) => all + bytesWritten, 0)
    }
  })

/** A port of which it is known that nobody listens there. */
export const closedPort: Effect.Effect<number> = Effect.scoped(Effect.map(serveRaw(constVoid), ({ port }) => port))

/** A response as its bytes. */
export const responseOf = (status: number, body = "", headers: Record<string, string> = {}): string =>
  headOf(status, { "content-length": String(Buffer.byteLength(body)), ...headers }) + body

/** The head of a response as its bytes. */
export const headOf = (status: number, headers: Record<string, string> = {}): string =>
  [`HTTP/1.1 ${status} -`, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`), "\r\n"].join("\r\n")

const fixture = (file: string) => readFileSync(new URL(`../fixtures/${file}`, import.meta.url), "utf8")

/** A self-signed certificate for localhost, which nobody vouches for: made by `openssl` for these tests, and valid until 2099. */
export const selfSigned = () => ({ key: fixture("self-signed.key.pem"), cert: fixture("self-signed.cert.pem") })
