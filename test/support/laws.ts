/** Laws: what holds of every history that FastCheck draws. Where one fails, it prints the seed and the smallest that breaks it. */
import { it } from "@effect/vitest"
import { Effect, Exit, FastCheck } from "effect"
import type { Step } from "../../examples/timelines/stepping.js"
import { histories } from "./histories.js"
import { simulate } from "./simulation.js"

const numRuns = histories(500)
const seed = Number(process.env["SEED"] ?? 1)

/** A law of single steps: cheap, and so tried on more histories. */
export const lawOfSteps = <A>(
  name: string,
  histories: FastCheck.Arbitrary<A>,
  holds: (history: A) => Effect.Effect<void>
) =>
  it(name, () => {
    FastCheck.assert(
      FastCheck.property(histories, (history) => Effect.runSync(holds(history))),
      { numRuns: numRuns * 4, seed }
    )
  }, 3_600_000)

/** A law of whole calls or gates, each history in a virtual time of its own. */
export const lawOfRuns = <A>(
  name: string,
  histories: FastCheck.Arbitrary<A>,
  holds: (history: A) => Effect.Effect<void, unknown>
) =>
  it(name, async () => {
    await FastCheck.assert(
      FastCheck.asyncProperty(histories, async (history) => {
        // one that would never end fails, too
        const exit = await simulate(Effect.timeout(holds(history), "12 hours"), "1 day")
        if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
      }),
      { numRuns, seed }
    )
  }, 3_600_000)

export const sum = (numbers: ReadonlyArray<number>) => numbers.reduce((all, one) => all + one, 0)

/** The waits of the steps after which a policy goes on. */
export const waitsOf = (steps: ReadonlyArray<Step<unknown>>) =>
  steps.flatMap(({ goesOn, wait }) => (goesOn ? [wait] : []))
