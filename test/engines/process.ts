/** A process with a gate, which tells its parent of each permit, and is busy for a second if it is told to. */
import { Effect } from "effect"
import { evaluates } from "./clients.js"
import { callers, now } from "./gates.js"

process.on("message", () => {
  const end = now() + 1000
  while (now() < end);
})

const program = Effect.gen(function* () {
  const evaluate = yield* evaluates.ioredis(Number(process.argv[2]))
  yield* callers(evaluate, (at) => process.send?.(at))
  yield* Effect.never
})

await Effect.runPromise(Effect.scoped(program))
