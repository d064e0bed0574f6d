/**
 * The link to Redis: it runs one command, and tracks how Redis's clock differs from this process's own. Failures of the
 * app's client end here: it may throw, never respond, or return something that is not a reply.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as NameOf from "../internal/nameOf.js"
import type { Evaluate } from "../RedisRateLimit.js"
import * as Script from "./script.js"

export interface Reply {
  /** When the command was sent. The state in the reply is no older than this. */
  readonly sentAt: number
  readonly epoch: number
  /** The slots that were booked. All times are milliseconds of this process's clock. */
  readonly slots: ReadonlyArray<number>
}

export interface Link {
  /** Runs one command. There is no reply if that failed; failures in a row log a single warning. */
  readonly run: (command: Script.Command) => Effect.Effect<Option.Option<Reply>>
  /** Measures Redis's clock again before the next command. */
  readonly forgetClock: () => void
}

/** By how many milliseconds Redis's clock is ahead of this process's own: at least, and at most. */
interface Bounds {
  readonly least: number
  readonly most: number
  readonly learnedAt: number
}

/** By how many milliseconds two clocks may drift apart in each millisecond, at most. */
const drift = 0.001

/** Whether Redis's clock was set forward in between. */
const hasLeaptBetween = (before: Bounds, after: Bounds) =>
  after.least - before.most > Script.lateness + drift * (after.learnedAt - before.learnedAt)

/**
 * The fastest replies give the tightest bounds. Bounds that contradict each other mean that the clock was set, or has
 * drifted.
 */
const narrow = (before: Bounds, after: Bounds): Bounds => {
  const least = Math.max(before.least, after.least)
  const most = Math.min(before.most, after.most)
  return least <= most ? { ...after, least, most } : after
}

export const make = (options: {
  readonly evaluate: Evaluate
  readonly key: string
  readonly quotas: ReadonlyArray<string>
  /** A sentence that says what callers get while Redis is unavailable. */
  readonly consequence: string
  readonly now: Effect.Effect<number>
}): Link => {
  const { evaluate, key, now, quotas } = options
  let clock: Bounds | undefined
  let seen = Script.nothingSeen
  /** Redis's clock was set forward, and its state does not show yet that the slots booked before are void. */
  let hasLeapt = false
  let hasWarned = false

  const evaluateScript = (args: Array<string>) =>
    Effect.tryPromise({
      try: () => evaluate(Script.script, [key], args),
      catch: (error) => `evaluate failed: ${NameOf.ofDefect(error)}`
    }).pipe(
      Effect.timeoutFail({
        duration: Script.hold,
        onTimeout: () => `no response within ${Script.hold} milliseconds`
      }),
      Effect.flatMap((reply) =>
        Effect.try({
          try: () => Script.decodeReply(reply),
          catch: () => "the reply is not the script's list of integers"
        })
      )
    )

  const send = (command: Script.Command) =>
    Effect.gen(function* () {
      const sentAt = yield* now
      const deadline = clock && sentAt + clock.least + Script.hold
      const newest = hasLeapt ? Script.lost(seen.epoch) : seen
      const [ranAt, epoch, ...slots] = yield* evaluateScript([
        ...Script.commandArguments(command, newest, deadline),
        ...quotas
      ])
      const receivedAt = yield* now
      // The script ran after the command was sent, and before the reply came.
      const bounds = { least: ranAt / 1000 - receivedAt, most: ranAt / 1000 - sentAt, learnedAt: receivedAt }
      // If the command said that the state is lost, Redis has begun a new epoch.
      if (epoch !== undefined) hasLeapt = false
      hasLeapt ||= clock !== undefined && hasLeaptBetween(clock, bounds)
      clock = clock ? narrow(clock, bounds) : bounds
      if (epoch !== undefined) seen = { epoch, ranAt }
      const { least } = clock
      return {
        roundTrip: receivedAt - sentAt,
        reply: Option.map(
          Option.fromNullable(epoch),
          (epoch): Reply => ({ sentAt, epoch, slots: slots.map((at) => at / 1000 - least) })
        )
      }
    })

  /**
   * Measures the clock before anything is booked: without a deadline, a command that the client has queued could run
   * much later.
   */
  const learnClock = send({ slots: 0, pause: 0 }).pipe(
    Effect.repeat({ times: 2, until: ({ roundTrip }) => roundTrip <= Script.lateness })
  )

  const warn = (reason: string) =>
    Effect.suspend(() => {
      if (hasWarned) return Effect.void
      hasWarned = true
      return Effect.logWarning(`Permits cannot be booked in Redis (${reason}). ${options.consequence}`)
    })

  return {
    run: (command) =>
      Effect.gen(function* () {
        if (clock === undefined) yield* learnClock
        const { reply } = yield* send(command)
        // The slots of this reply are void, too. Sent again, the command reports the loss and begins a new epoch.
        return hasLeapt ? (yield* send(command)).reply : reply
      }).pipe(
        Effect.filterOrFail(Option.isSome, () => "the command arrived too late"),
        Effect.tap(() =>
          Effect.sync(() => {
            hasWarned = false
          })
        ),
        Effect.catchAll((reason) => Effect.as(warn(reason), Option.none()))
      ),
    forgetClock: () => {
      clock = undefined
    }
  }
}
