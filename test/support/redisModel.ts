/**
 * What the script of `RedisRateLimit` does, written a second time, so that tests need no Redis. `test/engines` shows that
 * both do the same. A test with this alone shows what a process makes of the replies, and nothing of Redis.
 */
import { Effect, Either, Runtime } from "effect"

export interface RedisModel {
  /** Runs the script with these arguments, at the time that it is. */
  readonly run: (args: ReadonlyArray<string>) => ReadonlyArray<number>
  /** Loses all data. */
  readonly flush: () => void
  readonly snapshot: () => Snapshot
  /** From now on another server has the data. */
  readonly becomeAnotherServer: () => void
}

export interface Snapshot {
  readonly restore: () => void
}

interface Saved {
  readonly epoch: number
  readonly ranAt: number
  readonly server: number
  readonly closedUntil: number
  readonly arrivals: ReadonlyMap<string, number>
}

interface Quota {
  readonly name: string
  readonly interval: number
  readonly burst: number
}

const quotasOf = (args: ReadonlyArray<string>): ReadonlyArray<Quota> =>
  Array.from({ length: args.length / 3 }, (_, index) => ({
    name: args[3 * index] ?? "",
    interval: Number(args[3 * index + 1]),
    burst: Number(args[3 * index + 2])
  }))

/** @param now microseconds. */
export const make = (now: () => number): RedisModel => {
  let saved: Saved | undefined
  let server = 1
  return {
    flush: () => {
      saved = undefined
    },
    snapshot: () => {
      const snapshot = saved
      return {
        restore: () => {
          saved = snapshot
        }
      }
    },
    becomeAnotherServer: () => {
      server++
    },
    run: (args) => {
      const time = now()
      const [deadline = 0, slots = 0, pause = 0, hold = 0, seenEpoch = 0, seenTime = 0] = args.slice(0, 6).map(Number)
      if (time > deadline) return [time]
      const isOlder = (state: Saved) => seenEpoch > state.epoch || (seenEpoch === state.epoch && seenTime > state.ranAt)
      const isKept = saved?.server === server && saved.ranAt <= time && !isOlder(saved)
      const closedBefore = (saved?.closedUntil ?? 0) - Math.max(0, (saved?.ranAt ?? time) - time)
      const closes = pause > 0 && time + pause > closedBefore
      const epoch = saved && isKept && !closes ? saved.epoch : Math.max((saved?.epoch ?? 0) + 1, seenEpoch + 1, time)
      const closedUntil = closes ? time + pause : closedBefore
      const quotas = quotasOf(args.slice(6))
      const arrivals = new Map(saved?.arrivals)
      for (const { burst, interval, name } of quotas) {
        const spent = time + hold + burst * interval
        const known = isKept ? saved?.arrivals.get(name) : undefined
        arrivals.set(name, known === undefined ? spent : closes ? Math.min(spent, known) : known)
      }
      const booked = Array.from({ length: slots }, () => {
        const arrivalOf = ({ name }: Quota) => arrivals.get(name) ?? 0
        const opens = quotas.map((quota) => arrivalOf(quota) - (quota.burst - 1) * quota.interval)
        const at = Math.max(time, closedUntil, ...opens)
        for (const quota of quotas) arrivals.set(quota.name, Math.max(arrivalOf(quota), at) + quota.interval)
        return at
      })
      saved = { epoch, ranAt: time, server, closedUntil, arrivals }
      return [time, epoch, ...booked]
    }
  }
}

/** Redis as a process's client sees it: in virtual time, with a clock of its own, and with whatever goes wrong. */
export const connect = Effect.gen(function* () {
  const runtime = yield* Effect.runtime()
  const clock = yield* Effect.clock
  const commands: Array<ReadonlyArray<string>> = []
  let ahead = 3_600_000
  let way: Effect.Effect<void, unknown> = Effect.void
  const model = make(() => (clock.unsafeCurrentTimeMillis() + ahead) * 1000)
  return {
    ...model,
    /** The arguments of all that were sent. */
    commands,
    /** Sets Redis's clock forward, or back. */
    setClock: (millis: number) => {
      ahead += millis
    },
    /** What happens on the way there, and again on the way back. */
    onTheWay: (effect: Effect.Effect<void, unknown>) => {
      way = effect
    },
    evaluate: (_script: string, _keys: ReadonlyArray<string>, args: ReadonlyArray<string>): Promise<unknown> => {
      commands.push(args)
      const sent = Effect.suspend(() => way).pipe(
        Effect.zipRight(Effect.sync(() => model.run(args))),
        Effect.zipLeft(Effect.suspend(() => way))
      )
      // As it is, and not as the failure of a fiber.
      return Runtime.runPromise(runtime)(Effect.either(sent)).then(
        Either.getOrElse((error) => {
          throw error
        })
      )
    }
  }
})
