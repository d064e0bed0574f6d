import { type ChildProcess, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { open } from "node:fs/promises"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schedule } from "effect"
import { Revocation } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { served } from "../../../examples/embedded/served.js"
import { bundled, fileOf, journalIn, keys, live, path, sent, times, tool } from "../../support/tool.js"

bundled()

describe("a signal", () => {
  it.live.each([
    { signals: ["SIGINT"] },
    { signals: ["SIGTERM"] },
    { signals: ["SIGHUP"] },
    { signals: ["SIGINT", "SIGTERM"] }
  ] as const)("stops: all that was sent has a receipt, and the rest is counted ($signals)", ({ signals }) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const ids = (yield* keys(200)).map(({ id }) => id)
      yield* mock.script(Fault.always(Fault.delayResponse("100 millis")))
      const file = path()
      const { code, stderr: output } = yield* live(["--file", fileOf(ids.join("\n")), "--yes", "--journal", file], {
        // two at once are one: npm passes on what the terminal has sent already
        steps: [[times('"_tag":"Deleted"', 20), (child) => signals.forEach((signal) => child.kill(signal))]]
      })
      const lines = journalIn(readFileSync(file, "utf8"))
      const deleted = lines.flatMap((line) => (line._tag === "Deleted" ? [line.id] : []))
      expect(deleted.toSorted()).toEqual((yield* sent).toSorted())
      expect(deleted.length).toBeLessThan(200)
      // What has begun and was not sent is written down as that, so nothing is in doubt.
      const entries = lines.filter((line) => line._tag !== "Run")
      expect(Revocation.pending(ids, entries).inDoubt).toEqual([])
      expect(output).toContain(`Deleted: ${deleted.length}, not sent: ${200 - deleted.length}`)
      expect(output).toMatch(/To go on:\n {2}effect-instantly revoke --file=\S+ --yes --journal=\S+\n$/)
      expect(code).toBe(1)
    }).pipe(Effect.provide(served()))
  )

  it.live("a second time quits at once", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [first, second] = yield* keys(2)
      yield* mock.script(Fault.forId(String(second?.id), Fault.swallowRequest))
      const { code } = yield* live([`${first?.id}`, `${second?.id}`, "--yes"], {
        steps: [
          ['"_tag":"Deleted"', (child) => child.kill("SIGINT")],
          [
            "Stopping",
            (child) => {
              // One that comes too soon is npm's, and does not count.
              const signals = setInterval(() => child.kill("SIGINT"), 100)
              child.once("exit", () => clearInterval(signals))
            }
          ]
        ]
      })
      expect(code).toBe(130)
    }).pipe(Effect.provide(served()))
  )

  it.live("a second time quits while a file is still being read", () =>
    Effect.gen(function* () {
      const pipe = path()
      spawnSync("mkfifo", [pipe])
      const started = yield* Deferred.make<ChildProcess>()
      const running = yield* Effect.fork(
        tool(["revoke", "--file", pipe, "--yes"], {
          onStart: (child) => Deferred.unsafeDone(started, Effect.succeed(child)),
          steps: [["Nothing was deleted.", (child) => child.kill("SIGTERM")]]
        })
      )
      const child = yield* Deferred.await(started)
      // It is open once the tool reads it, too.
      yield* Effect.acquireRelease(
        Effect.promise(() => open(pipe, "w")),
        (writer) => Effect.promise(() => writer.close())
      )
      child.kill("SIGINT")
      expect((yield* Fiber.join(running)).code).toBe(143)
    }).pipe(Effect.scoped)
  )

  it.live("before the first deletion is exit code 2: nothing was deleted", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      yield* mock.script(Fault.always(Fault.swallowRequest))
      const started = yield* Deferred.make<ChildProcess>()
      const running = yield* Effect.fork(
        live(["--name", "caller", "--yes"], { onStart: (child) => Deferred.unsafeDone(started, Effect.succeed(child)) })
      )
      yield* Effect.repeat(mock.arrivals, { until: (all) => all.length > 0, schedule: Schedule.spaced("20 millis") })
      const child = yield* Deferred.await(started)
      child.kill("SIGINT")
      expect(yield* Fiber.join(running)).toMatchObject({
        code: 2,
        output: expect.stringContaining("Nothing was deleted.")
      })
    }).pipe(Effect.provide(served()))
  )
})
