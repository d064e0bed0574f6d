/**
 * A retry allowance that all calls share. A policy limits the retries of one call: in an outage, ten thousand calls would
 * still be sent five times each. Here every retry takes a token from one bucket, and a call that finds the bucket empty
 * fails at once. A schedule does not see successes, which could give tokens back, so time refills the bucket.
 */
import { Clock, Context, Duration, Effect, Layer, Ref, Schedule } from "effect"
import { RetryPolicy } from "effect-instantly"

export class RetryAllowance extends Context.Tag("app/RetryAllowance")<
  RetryAllowance,
  { readonly take: Effect.Effect<boolean> }
>() {}

/** A bucket that starts with `size` tokens, and gains one every `refill` until it is full again. */
export const layer = (options: { readonly size: number; readonly refill: Duration.DurationInput }) =>
  Layer.effect(
    RetryAllowance,
    Effect.gen(function* () {
      const bucket = yield* Ref.make({ tokens: options.size, at: yield* Clock.currentTimeMillis })
      const take = Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Ref.modify(bucket, ({ at, tokens }) => {
          const gained = Math.max(0, now - at) / Duration.toMillis(options.refill)
          const left = Math.min(options.size, tokens + gained)
          return left >= 1 ? [true, { tokens: left - 1, at: now }] : [false, { tokens: left, at: now }]
        })
      )
      return { take }
    })
  )

/** Ends a policy when the bucket is empty. Apply it last, so that only a retry that will happen takes a token. */
export const withinAllowance = <Out, In, R>(policy: Schedule.Schedule<Out, In, R>) =>
  Schedule.whileInputEffect(policy, (_: In) => Effect.flatMap(RetryAllowance, ({ take }) => take))

export const standardWithinAllowance = withinAllowance(RetryPolicy.standard)
