/** How calls are made and timed: so many at once, each begun when another has ended, until all are made. */
import { Effect, type ManagedRuntime } from "effect"
import { constVoid } from "effect/Function"

/** Makes calls, and gives how long each took, in milliseconds. */
export type Run = (calls: number, inFlight: number) => Promise<ReadonlyArray<number>>

/** For what is a promise. */
export const inPromise =
  (call: () => Promise<unknown>): Run =>
  async (calls, inFlight) => {
    const latencies: Array<number> = []
    let left = calls
    const worker = async () => {
      while (left-- > 0) {
        const begun = performance.now()
        await call()
        latencies.push(performance.now() - begun)
      }
    }
    await Promise.all(Array.from({ length: inFlight }, worker))
    return latencies
  }

/** For what is an effect: a program that uses one runs its calls in fibers, and not each by a `runPromise`. */
export const inFiber =
  <R>(
    runtime: ManagedRuntime.ManagedRuntime<R, unknown>,
    prepare: Effect.Effect<Effect.Effect<unknown, unknown>, never, R>
  ): Run =>
  (calls, inFlight) =>
    runtime.runPromise(
      Effect.flatMap(prepare, (call) => {
        const latencies: Array<number> = []
        let left = calls
        const timed = Effect.suspend(() => {
          const begun = performance.now()
          return Effect.map(call, () => void latencies.push(performance.now() - begun))
        })
        const worker = Effect.whileLoop({ while: () => left-- > 0, body: () => timed, step: constVoid })
        return Effect.as(Effect.all(Effect.replicate(worker, inFlight), { concurrency: "unbounded" }), latencies)
      })
    )
