/**
 * What goes wrong with Redis, with connections and with processes: never more than the limit in any window, and nobody
 * waits for ever. What goes wrong begins after a number of permits, and not at a time.
 */
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Duration, Effect, Option, Queue } from "effect"
import { describe, expect, it } from "vitest"
import * as Window from "../../src/testing/InstantlyMock/window.js"
import { evaluates, ioredis } from "./clients.js"
import { callers, gates, limit, now, type Permit, window } from "./gates.js"
import { isInstalled, server } from "./redis.js"

const keepsTheLimit = (permits: ReadonlyArray<Permit>) => {
  const times = permits.map(({ at }) => at).sort((a, b) => a - b)
  expect(Window.worst(times, window)).toBeLessThanOrEqual(limit)
  return times
}

const gatesOf = (permits: ReadonlyArray<Permit>) => new Set(permits.map(({ gate }) => gate))

const gaps = (times: ReadonlyArray<number>) => times.slice(1).map((at, index) => at - (times[index] ?? at))

const later = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))

describe.skipIf(!isInstalled)("the limit holds on Redis, and nobody waits for ever,", () => {
  it.each(Object.entries(evaluates))("with the client %s", (_, client) =>
    Effect.gen(function* () {
      const { port } = yield* server()
      const evaluate = yield* client(port)
      const permits = yield* Queue.unbounded<Permit>()
      yield* callers(evaluate, (at) => permits.unsafeOffer({ gate: 0, at }))
      const times = keepsTheLimit([...(yield* Queue.takeN(permits, 60))])
      expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(57 * 25)
    }).pipe(Effect.scoped, Effect.runPromise)
  )

  it("when a 429 asks for three seconds: nobody sends, but by a slot that was booked before", () =>
    Effect.gen(function* () {
      const { port } = yield* server()
      const { gates: made, take } = yield* gates(port, 3)
      const before = yield* take(30)
      const heard = now()
      yield* Effect.forEach(made.slice(0, 1), (gate) =>
        gate.observe({ status: 429, retryAfter: Option.some(Duration.seconds(3)) })
      )
      const after = (yield* take(60)).filter(({ at }) => at >= heard)
      keepsTheLimit([...before, ...after])
      const leaked = after.filter(({ at }) => at < heard + 2990)
      // two of each other process
      expect(leaked.length).toBeLessThanOrEqual(4)
      expect(gatesOf(leaked).has(0)).toBe(false)
      for (const { at } of leaked) expect(at - heard).toBeLessThan(500)
      expect(gatesOf(after)).toEqual(new Set([0, 1, 2]))
    }).pipe(Effect.scoped, Effect.runPromise))

  it.each([
    ["without persistence", false],
    ["with persistence", true]
  ])("when Redis is killed, and started again %s", (_, persistence) =>
    Effect.gen(function* () {
      const { kill, port, start } = yield* server(persistence)
      const { allWarned, take } = yield* gates(port, 3)
      const before = yield* take(30)
      yield* Effect.promise(kill)
      yield* allWarned
      yield* Effect.promise(start)
      const after = yield* take(60)
      keepsTheLimit([...before, ...after])
      expect(gatesOf(after.slice(10))).toEqual(new Set([0, 1, 2]))
    }).pipe(Effect.scoped, Effect.runPromise)
  )

  it("when a connection hangs, and Redis then runs all that was sent meanwhile", () =>
    Effect.gen(function* () {
      const { goOn, hang, port } = yield* server()
      const { allWarned, take } = yield* gates(port, 3)
      const before = yield* take(30)
      hang()
      yield* allWarned
      goOn()
      const after = yield* take(60)
      keepsTheLimit([...before, ...after])
      expect(gatesOf(after.slice(10))).toEqual(new Set([0, 1, 2]))
    }).pipe(Effect.scoped, Effect.runPromise))

  it("when all data is lost", () =>
    Effect.gen(function* () {
      const { port } = yield* server()
      // enough of them for what they have booked to be too much
      const { take } = yield* gates(port, 8)
      const redis = yield* ioredis(port)
      const before = yield* take(40)
      yield* Effect.promise(() => redis.flushall())
      const after = yield* take(80)
      keepsTheLimit([...before, ...after])
      expect(gatesOf(after.slice(10)).size).toBe(8)
    }).pipe(Effect.scoped, Effect.runPromise))

  it("when Redis is 50 milliseconds away", () =>
    Effect.gen(function* () {
      const { port } = yield* server()
      const { take } = yield* gates(port, 3, {
        changed:
          (evaluate) =>
          async (...command) => {
            await later(25)
            const reply = await evaluate(...command)
            await later(25)
            return reply
          }
      })
      const permits = yield* take(80)
      keepsTheLimit(permits)
      expect(gatesOf(permits)).toEqual(new Set([0, 1, 2]))
    }).pipe(Effect.scoped, Effect.runPromise))

  it("when one process is killed, and another too busy for a second", () =>
    Effect.gen(function* () {
      const { port } = yield* server()
      const permits = yield* Queue.unbounded<Permit>()
      const take = (n: number) => Effect.map(Queue.takeN(permits, n), (chunk) => [...chunk])
      const start = (gate: number) =>
        Effect.acquireRelease(
          Effect.sync(() => {
            const child = fork(fileURLToPath(new URL("process.ts", import.meta.url)), [String(port)], {
              execArgv: ["--import", "tsx"]
            })
            return child.on("message", (at) => permits.unsafeOffer({ gate, at: Number(at) }))
          }),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
      const children: ReadonlyArray<ChildProcess> = yield* Effect.forEach([0, 1, 2], start)
      // until each of them has been seen
      const before: Array<Permit> = []
      while (gatesOf(before).size < 3 || before.length < 30) before.push(...(yield* take(1)))
      children[0]?.kill("SIGKILL")
      children[1]?.send("be busy")
      const after = yield* take(80)
      const times = keepsTheLimit([...before, ...after])
      expect(Math.max(...gaps(times.slice(-100)))).toBeLessThan(1000)
      expect(gatesOf(after.slice(20))).toEqual(new Set([1, 2]))
    }).pipe(Effect.scoped, Effect.runPromise))
})
