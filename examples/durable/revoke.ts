/**
 * The revocation of many keys as a workflow: one receipt for each id, whatever process dies.
 *
 * A pass over the ids is one activity, and inside it the library does what it always does: one gate, retries, receipts, and
 * a journal. An activity that is run again reads the journal. What has a receipt is not sent again, and what was only begun
 * is in doubt, so that a 404 is reported as what it most likely is: the work of the process that died. The attempt that the
 * engine counts would not do: it is the same when an activity is run again because its process died.
 */
import { Activity, DurableClock, Workflow } from "@effect/workflow"
import { type Duration, Effect, Schema, Stream } from "effect"
import { ApiKey, Revocation } from "effect-instantly"
import type { Pass } from "../fence.js"
import { Line, resume } from "../journal.js"
import { beginPass, whileAway } from "./pass.js"

const Receipts = Schema.Array(Revocation.Receipt)

export const Revoke = Workflow.make({
  name: "Revoke",
  payload: {
    /** The name of the run. The same name again is the same run, whatever the ids: it gives the same receipts. */
    run: Schema.NonEmptyString,
    ids: Schema.Array(ApiKey.ApiKeyId)
  },
  success: Receipts,
  idempotencyKey: ({ run }) => run
})

/** The last receipt for each id. A `Skipped` says nothing new of an id that was sent before. */
const receiptsOf = (pass: Pass) =>
  Effect.gen(function* () {
    const last = new Map<string, Revocation.Receipt>()
    for (const line of yield* pass.read) {
      const entry = yield* Schema.decode(Line)(line)
      const key = entry.id.toLowerCase()
      if (entry._tag !== "Begun" && !(entry._tag === "Skipped" && last.has(key))) last.set(key, entry)
    }
    return [...last.values()]
  })

/** Whether another pass may help. What was skipped needs a person: the key of this program is refused, or the plan ended. */
const isWorthAnother = (receipts: ReadonlyArray<Revocation.Receipt>) =>
  receipts.some((receipt) => !Revocation.isSettled(receipt)) && !receipts.some(({ _tag }) => _tag === "Skipped")

export interface Options {
  /** How often the ids that have no final receipt are sent. */
  readonly passes: number
  /** How long to wait before the next pass. */
  readonly pause: Duration.DurationInput
}

export const layer = ({ passes, pause }: Options) =>
  Revoke.toLayer(({ ids, run }) =>
    Effect.gen(function* () {
      const inPass = yield* beginPass(run)

      /** Sends what is left of the run, and gives the receipts of all of it. */
      const pass = (number: number) => {
        const name = `pass ${number} of ${run}`
        const sent = (pass: Pass) => Effect.zipRight(Stream.runDrain(resume(pass, ids)), receiptsOf(pass))
        return Activity.make({
          name,
          success: Receipts,
          execute: inPass(name, (pass) => Effect.catchTag(whileAway(sent(pass)), "ParseError", Effect.die))
        })
      }

      let receipts = yield* pass(1)
      for (let number = 2; number <= passes && isWorthAnother(receipts); number++) {
        // In memory: a process that dies costs a pause from its beginning. A clock in the database would suspend the
        // workflow, and it is known that the engine may be slow to wake it up.
        yield* Effect.log(`pauses before pass ${number} of ${run}`)
        yield* DurableClock.sleep({ name: `pause ${number}`, duration: pause, inMemoryThreshold: pause })
        receipts = yield* pass(number)
      }
      return receipts
    })
  )
