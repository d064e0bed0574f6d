import { describe, expect, it } from "@effect/vitest"
import { Effect, Random, Schedule } from "effect"
import { RateLimit } from "effect-instantly"
import * as Server from "./server.js"
import { policiesOf, simulate, type Workspace } from "./simulation.js"
import { notes, table } from "./table.js"

const workspace: Workspace = {
  requests: 500,
  inFlight: 25,
  jitter: 50,
  others: 0,
  seed: 1
}

/** The table, what is said below it, and what it was made of. */
const simulated = (exports: object, changes: Partial<Workspace> = {}) =>
  Effect.gen(function* () {
    const given = { ...workspace, ...changes }
    const all = yield* Effect.forEach(policiesOf(exports), ([name, policy]) => simulate(name, policy, given))
    return { all, table: table(all, given), notes: all.flatMap((each) => notes(each, given)) }
  })

describe("a simulated policy", () => {
  it.live("has the same table for the same seed, and another for another", () =>
    Effect.gen(function* () {
      const jittered = Schedule.spaced("9 millis").pipe(Schedule.jittered)
      const changes = { others: 40 }
      const { table: one } = yield* simulated({ jittered }, changes)
      expect((yield* simulated({ jittered }, changes)).table).toBe(one)
      expect((yield* simulated({ jittered }, { ...changes, seed: 2 })).table).not.toBe(one)
    })
  )

  it.live("that is too fast is rejected, sends again what was, and has a second over the limit", () =>
    Effect.gen(function* () {
      const { all, table } = yield* simulated({ tooFast: Schedule.spaced("5 millis") })
      const [tooFast] = all
      expect(tooFast?.ours.rejected.length).toBeGreaterThan(0)
      expect(tooFast?.permits).toBe(500 + (tooFast?.ours.rejected.length ?? 0))
      expect(tooFast?.ours.admitted).toHaveLength(500)
      expect(tooFast?.worst.second).toBeGreaterThan(100)
      expect(table).toContain(`${tooFast?.worst.second}/100`)
    })
  )

  it.live("is rejected nowhere as instantly, and takes as long as 93 a second do", () =>
    Effect.gen(function* () {
      const { all, notes, table } = yield* simulated({ instantly: RateLimit.instantly })
      expect(all[0]?.ours.rejected).toEqual([])
      expect(all[0]?.worst.second).toBeLessThanOrEqual(100)
      expect(table).toBe(
        [
          "policy             permits  rejected  worst 1 s   worst 1 min    done in",
          "instantly              500         0     98/100     500/6,000       5.4s"
        ].join("\n")
      )
      expect(notes).toEqual([])
    })
  )

  it.live("meets the others' requests, which are the same whatever it does", () =>
    Effect.gen(function* () {
      const twice = { instantly: RateLimit.instantly, unlimited: RateLimit.unlimited }
      const { all, table } = yield* simulated(twice, { others: 70 })
      const [one = [], other = []] = all.map(({ theirs }) =>
        [...theirs.admitted, ...theirs.rejected].sort((a, b) => a - b)
      )
      const common = Math.min(one.length, other.length)
      expect(common).toBeGreaterThan(300)
      expect(one.slice(0, common)).toEqual(other.slice(0, common))
      expect(table).toMatch(/others'/)
      expect(table).toMatch(/^unlimited +\d+ +\d+ +[1-9][\d.]* %/m)
    })
  )

  it("is an export that is a schedule, and nothing else is", () => {
    expect(policiesOf({ one: RateLimit.instantly, two: 2, three: { policy: RateLimit.instantly } })).toEqual([
      ["one", RateLimit.instantly]
    ])
  })

  it.live.each([
    [
      "ends",
      Schedule.recurs(9),
      "policy: the rate-limit policy has ended: no more permits are given. Admitted: 10 of 500 requests, in 0.1s."
    ],
    [
      "throws",
      Schedule.mapEffect(Schedule.recurs(600), (n) =>
        n === 3 ? Effect.die(new TypeError("made up")) : Random.nextInt
      ),
      "policy: the rate-limit policy failed with TypeError: no more permits are given. Admitted: 4 of 500 requests, in 0.1s."
    ],
    ["is too slow", Schedule.spaced("1 hour"), "policy: Admitted: 24 of 500 requests, in 1d."],
    [
      "waits for nothing that comes",
      Schedule.mapEffect(Schedule.forever, () => Effect.never),
      "policy: Admitted: 1 of 500 requests, in 1d."
    ]
  ] as const)("that %s is unfinished where it is, and says so", ([, policy, note]) =>
    Effect.gen(function* () {
      const { notes, table } = yield* simulated({ policy })
      expect(notes).toEqual([note])
      expect(table.includes("unfinished")).toBe(note.includes("Admitted"))
    })
  )

  it.live("gives up after ten permits for each request, where nobody is let in", () =>
    Effect.gen(function* () {
      const { all, table } = yield* simulated({ policy: RateLimit.unlimited }, { requests: 100, others: 2000 })
      expect(all[0]?.permits).toBeGreaterThanOrEqual(1000)
      expect(all[0]?.permits).toBeLessThan(1000 + 25)
      expect(table).toContain("unfinished")
    })
  )
})

describe("the server", () => {
  it("counts any second and any minute, whoever sends", () => {
    const server = Server.make({ perSecond: 2, perMinute: 3, others: 0, seed: 1 })
    const times = [0, 999, 999.5, 1000, 2000, 59_999, 60_000, 60_999]
    expect(times.map(server.arrive)).toEqual([true, true, false, true, false, false, true, true])
    expect(server.worst()).toEqual({ second: 3, minute: 6 })
  })
})
