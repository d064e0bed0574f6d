/**
 * The link to Redis: one command at a time, each with a timeout, and Redis's clock beside this process's own. What the
 * app's client does is contained here: it may throw, never respond, or send what nobody can read.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as NameOf from "../internal/nameOf.js"
import type { Evaluate } from "../RedisRateLimit.js"
import * as Script from "./script.js"

export interface Reply {
  /** When the command was sent: what the reply says is no older. */
  readonly askedAt: number
  readonly epoch: number
  /** The slots that were booked. All times are milliseconds of this process's clock. */
  readonly slots: ReadonlyArray<number>
}

export interface Link {
  /** Runs one command. There is no reply if the command failed, which is logged once for several failures in a row. */
  readonly run: (command: Script.Command) => Effect.Effect<Option.Option<Reply>>
  /** The shortest round trip yet, in milliseconds: Redis's clock is known no better. */
  readonly shortest: () => number
  /** Forgets what is known of Redis's clock. */
  readonly forget: () => void
}

export const make = (options: {
  readonly evaluate: Evaluate
  readonly key: string
  readonly quotas: ReadonlyArray<string>
  /** Milliseconds. */
  readonly timeout: number
  /** What it means for callers that Redis does not respond. */
  readonly whileAway: string
  readonly now: () => number
}): Link => {
  const { evaluate, key, now, quotas, timeout } = options
  const oneAtATime = Effect.unsafeMakeSemaphore(1)
  /** By how much Redis's clock is ahead of this one, in milliseconds. */
  let offset: number | undefined
  let shortest = Number.POSITIVE_INFINITY
  let hasFailed = false

  const learn = (redisNow: number, askedAt: number) => {
    const [least, most] = [redisNow - now(), redisNow - askedAt]
    shortest = Math.min(shortest, most - least)
    // The reply that came back fastest tells it best. Each one bounds it, so a clock that was set is noticed.
    offset = Math.min(Math.max(offset ?? least, least), most)
    return offset
  }

  const send = (command: Script.Command) =>
    Effect.suspend(() => {
      const askedAt = now()
      const deadline = offset === undefined ? undefined : askedAt + offset + timeout
      const args = [...Script.commandArguments(command, deadline, timeout), ...quotas]
      return Effect.tryPromise({ try: () => evaluate(Script.script, [key], args), catch: identity }).pipe(
        Effect.flatMap(Script.decodeReply),
        Effect.timeout(timeout),
        Effect.flatMap(([redisNow, epoch, ...slots]) => {
          const ahead = learn(redisNow / 1000, askedAt)
          // No epoch: it came too late. A slot of the past is not from the script.
          if (epoch === undefined || slots.some((at) => at < redisNow)) return Effect.fail({ _tag: "UselessReply" })
          hasFailed = false
          return Effect.succeed({ askedAt, epoch, slots: slots.map((at) => at / 1000 - ahead) })
        })
      )
    })

  const log = (cause: Cause.Cause<unknown>) =>
    Effect.suspend(() => {
      if (hasFailed) return Effect.void
      hasFailed = true
      return Effect.logWarning(`Redis did not respond (${NameOf.ofCause(cause)}): ${options.whileAway} until it does`)
    })

  /** Without a deadline only the time is asked for: a command that the client keeps while it is disconnected runs later. */
  const sendInTime = (command: Script.Command) =>
    Effect.suspend(() =>
      offset === undefined && (command.slots > 0 || command.pause > 0)
        ? Effect.zipRight(send({ slots: 0, pause: 0 }), send(command))
        : send(command)
    )

  return {
    run: (command) =>
      sendInTime(command).pipe(
        oneAtATime.withPermits(1),
        Effect.map(Option.some),
        Effect.catchAllCause((cause) => Effect.as(log(cause), Option.none()))
      ),
    shortest: () => shortest,
    forget: () => {
      offset = undefined
      shortest = Number.POSITIVE_INFINITY
    }
  }
}
