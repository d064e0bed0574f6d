/** The reason of a rejected promise: `Effect.runPromise` and its relatives reject with a `FiberFailure` around the causes. */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Runtime from "effect/Runtime"

/** The reason of a rejection, or the errors and defects in it. */
export const within = (reason: unknown): Chunk.Chunk<unknown> => {
  if (!Runtime.isFiberFailure(reason)) return Chunk.of(reason)
  const cause = reason[Runtime.FiberFailureCauseId]
  return Chunk.appendAll<unknown, unknown>(Cause.failures(cause), Cause.defects(cause))
}
