import { spawn } from "node:child_process"
import { createServer } from "node:http"
import * as Net from "node:net"
import { FetchHttpClient } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import {
  Clock,
  Context,
  Duration,
  Effect,
  Either,
  Exit,
  Fiber,
  Layer,
  Option,
  Queue,
  Schedule,
  Scope,
  TestClock
} from "effect"
import { ApiKey, ApiKeys, Instantly, RateLimit } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"
import { address } from "../embedded/served.js"
import { gateAt, served } from "./one-gate-for-two-processes.js"

const clientOf = (url: string) => Effect.map(Layer.build(gateAt(url)), Context.get(RateLimit.RateLimit))

/** A gate that is served over a socket, and two clients of it. Who comes to its line, and who leaves it, is told. */
const serving = (policy: RateLimit.RateLimitPolicy) =>
  Effect.gen(function* () {
    const came = yield* Queue.unbounded<void>()
    const left = yield* Queue.unbounded<void>()
    const gate = yield* RateLimit.make(policy)
    const acquire = Queue.offer(came, undefined).pipe(
      Effect.zipRight(gate.acquire),
      Effect.onInterrupt(() => Queue.offer(left, undefined))
    )
    const server = yield* Scope.make()
    const http = createServer()
    const disconnectAll = Effect.sync(() => http.closeAllConnections())
    const stop = Scope.close(server, Exit.void)
    yield* Effect.addFinalizer(() => Effect.zipRight(disconnectAll, stop))
    const url = yield* served.pipe(
      Layer.provide(Layer.succeed(RateLimit.RateLimit, { ...gate, acquire })),
      Layer.provideMerge(NodeHttpServer.layer(() => http, { host: "127.0.0.1", port: 0 })),
      Layer.build,
      Scope.extend(server),
      Effect.flatMap((context) => Effect.provide(address, context))
    )
    return {
      gate,
      came: Queue.take(came),
      left: Queue.take(left),
      stop,
      disconnectAll,
      url,
      one: yield* clientOf(url),
      other: yield* clientOf(url)
    }
  })

const away = new RateLimit.PermitRefused({ message: "the process that serves the gate is away" })

/** How long a caller waits who comes now. */
const waited = ({ acquire }: RateLimit.Service) =>
  Effect.gen(function* () {
    const since = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.fork(Effect.zipRight(acquire, Clock.currentTimeMillis))
    yield* TestClock.adjust("1 hour")
    return (yield* Fiber.join(fiber)) - since
  })

const response = (status: number, retryAfter?: Duration.DurationInput) => ({
  status,
  retryAfter: Option.map(Option.fromNullable(retryAfter), Duration.decode)
})

describe("one gate for two processes", () => {
  it.scoped("gives permits in the order of their callers, whichever process they come from", () =>
    Effect.gen(function* () {
      const { came, one, other } = yield* serving(Schedule.spaced("1 second"))
      const given = yield* Queue.unbounded<string>()
      yield* one.acquire
      yield* came
      for (const [name, { acquire }] of [
        ["one", one],
        ["other", other],
        ["one again", one]
      ] as const) {
        yield* Effect.fork(Effect.zipRight(acquire, Queue.offer(given, name)))
        yield* came
      }
      for (const name of ["one", "other", "one again"]) {
        yield* TestClock.adjust("1 second")
        expect(yield* Queue.take(given)).toBe(name)
      }
    })
  )

  it.scoped("gives both together what the policy gives, and refuses with the gate's own message", () =>
    Effect.gen(function* () {
      const { one, other } = yield* serving(Schedule.recurs(5))
      const ends = yield* Effect.forEach([one, other, one, other, one, other, one, other], ({ acquire }) =>
        Effect.either(acquire)
      )
      expect(ends.filter(Either.isRight)).toHaveLength(6)
      expect(ends.at(-1)).toEqual(Either.left(new RateLimit.PermitRefused()))
    })
  )

  it.scoped("is closed for both by a 429 that one of them gets, and by its pause", () =>
    Effect.gen(function* () {
      const { gate, one, other } = yield* serving(RateLimit.unlimited)
      yield* one.heard(response(200))
      expect(yield* waited(gate)).toBe(0)
      yield* one.heard(response(429, "3 seconds"))
      expect(yield* waited(gate)).toBe(3000)
      yield* other.heard(response(429))
      expect(yield* waited(gate)).toBe(1000)
      yield* other.pause("7 seconds")
      expect(yield* waited(gate)).toBe(7000)
    })
  )

  it.scoped("gives the place of a process that is killed to the next", () =>
    Effect.gen(function* () {
      const { came, left, one, url } = yield* serving(Schedule.spaced("1 second"))
      yield* one.acquire
      yield* came
      const killed = spawn(process.execPath, ["-e", `fetch("${url}/acquire", { method: "POST" })`], { stdio: "ignore" })
      yield* Effect.addFinalizer(() => Effect.sync(() => killed.kill("SIGKILL")))
      yield* came
      const next = yield* Effect.fork(one.acquire)
      yield* came
      killed.kill("SIGKILL")
      yield* left
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(next)
    })
  )

  it.scoped("gives the place of a caller that is interrupted to the next", () =>
    Effect.gen(function* () {
      const { came, left, one, other } = yield* serving(Schedule.spaced("1 second"))
      yield* one.acquire
      yield* came
      const interrupted = yield* Effect.fork(one.acquire)
      yield* came
      const next = yield* Effect.fork(other.acquire)
      yield* came
      yield* Fiber.interrupt(interrupted)
      yield* left
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(next)
    })
  )

  it.scoped("refuses callers when the process that serves it stops, those that wait included", () =>
    Effect.gen(function* () {
      const { came, disconnectAll, one, other, stop } = yield* serving(Schedule.spaced("1 hour"))
      yield* one.acquire
      yield* came
      const waiting = yield* Effect.fork(Effect.flip(other.acquire))
      yield* came
      const stopped = yield* Effect.fork(stop)
      expect(yield* Fiber.join(waiting)).toEqual(away)
      // otherwise the server waits until its clients close the connections that they keep
      yield* disconnectAll
      yield* Fiber.join(stopped)
      expect(yield* Effect.flip(one.acquire)).toEqual(away)
      yield* one.pause("1 second")
      yield* one.heard(response(429))
    })
  )

  it.scoped("refuses callers when the process that serves it hangs", () =>
    Effect.gen(function* () {
      const hanging = yield* Effect.acquireRelease(
        Effect.async<Net.Server>((resume) => {
          const server = Net.createServer().listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const bound = hanging.address()
      const client = yield* clientOf(`http://127.0.0.1:${typeof bound === "object" ? bound?.port : ""}`)
      const waiting = yield* Effect.fork(Effect.flip(client.acquire))
      const telling = yield* Effect.fork(client.heard(response(200)))
      yield* TestClock.adjust("5 seconds")
      expect(yield* Fiber.join(waiting)).toEqual(away)
      yield* Fiber.join(telling)
    })
  )

  it.effect("lets a caller wait for as long as it hears from the server", () =>
    Effect.gen(function* () {
      const lines = new TransformStream<Uint8Array, Uint8Array>()
      const writer = lines.writable.getWriter()
      const write = (line: string) => Effect.promise(() => writer.write(new TextEncoder().encode(line)))
      const { acquire } = yield* clientOf("http://127.0.0.1:1")
      const waiting = yield* Effect.fork(
        Effect.provideService(Effect.either(acquire), FetchHttpClient.Fetch, async () => new Response(lines.readable))
      )
      for (let waited = 0; waited < 60; waited += 4) {
        yield* TestClock.adjust("4 seconds")
        yield* write("\n")
      }
      expect(yield* Fiber.poll(waiting)).toEqual(Option.none())
      yield* write("given")
      yield* Effect.promise(() => writer.close())
      expect(yield* Fiber.join(waiting)).toEqual(Either.right(undefined))
    }).pipe(Effect.scoped)
  )

  it.scoped("tells a caller each second that it still waits", () =>
    Effect.gen(function* () {
      const { came, one, url } = yield* serving(Schedule.spaced("3500 millis"))
      yield* one.acquire
      yield* came
      const { body } = yield* Effect.promise(() => fetch(`${url}/acquire`, { method: "POST" }))
      const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
      const read = Effect.promise(async () => (await reader?.read())?.value)
      expect(yield* read).toBe("\n")
      yield* came
      for (let second = 1; second <= 3; second++) {
        yield* TestClock.adjust("1 second")
        expect(yield* read).toBe("\n")
      }
      yield* TestClock.adjust("500 millis")
      expect(yield* read).toBe("given")
    })
  )

  it.effect("says in the error of a call that the process that serves it is away", () =>
    Effect.gen(function* () {
      const { stop, url } = yield* serving(RateLimit.unlimited)
      yield* stop
      const mock = yield* InstantlyMock.InstantlyMock
      const ours = yield* mock.createApiKey()
      const error = yield* Effect.flip(
        Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) =>
          apiKeys.delete(ApiKey.ApiKeyId.make("019e18e2-78d4-7322-941a-7384d8969c61"))
        )
      ).pipe(Effect.provide(Instantly.layer({ apiKey: ours.secret, rateLimit: gateAt(url) })))
      expect(error._tag).toBe("HeldBack")
      expect(error.message).toContain("the process that serves the gate is away")
    }).pipe(Effect.scoped, Effect.provide(InstantlyMock.layer()))
  )
})
