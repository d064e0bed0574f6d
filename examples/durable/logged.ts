/** Logs where an activity begins and ends, so that one sees which process does what. */
import { Effect } from "effect"

export const logged =
  (name: string) =>
  <A, E, R>(execute: Effect.Effect<A, E, R>) =>
    Effect.log(`begins: ${name}`).pipe(Effect.zipRight(execute), Effect.zipLeft(Effect.log(`ends: ${name}`)))
