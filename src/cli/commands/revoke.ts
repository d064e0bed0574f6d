/** The command `revoke`. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../../ApiKey.js"
import { isSettled } from "../../Revocation.js"
import * as Credential from "../instantly/credential.js"
import { rehearsal } from "../instantly/rehearsal.js"
import { live, Target } from "../instantly/target.js"
import { begin, carryOut, type Done, type Options } from "../revoke/carryOut.js"
import * as Plan from "../revoke/plan.js"
import * as Request from "../revoke/request.js"
import { codeOf, notVerified, verifyDead, verifyGone } from "../revoke/verify.js"
import { type StopReason, stop } from "../terminal/stop.js"
import { say } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { cancelled, codes } from "../usage/exit.js"

const nothing: Done = { receipts: [], unsent: 0, journalFailed: false }

const codeOfUnsent = ({ journalFailed, unsent }: Done) => (unsent > 0 || journalFailed ? codes.failed : codes.gone)

/** Deletes the key that the tool calls with, and sees it dead. Returns the exit code. */
const deleteOwn = (own: ReadonlyArray<ApiKeyId>, options: Options) =>
  Effect.gen(function* () {
    const done = yield* carryOut(own, options)
    const code = Math.max(codeOfUnsent(done), ...done.receipts.map((receipt) => codeOf(receipt, "NotChecked")))
    if (done.receipts.length === 0) return code
    const { apiKey } = yield* Target
    const dead = yield* Effect.raceFirst(
      verifyDead(apiKey, "The key that this tool calls with"),
      Effect.as(Deferred.await(options.stop), codes.unknown)
    )
    return Math.max(code, dead)
  })

/** The command that goes on where a run left keys that are not settled. */
const sayHowToGoOn = ({ again, has }: Arguments) =>
  has("journal")
    ? say(`To go on: ${again}`)
    : say(`To go on: ${again}`, "(Keys that are gone by then are reported as not found. A --journal would skip them.)")

const work = (args: Arguments, request: Request.Request, stopped: Deferred.Deferred<StopReason>) =>
  Effect.gen(function* () {
    const stopping = Deferred.await(stopped)
    const plan = yield* Effect.raceFirst(Plan.make(request), Effect.zipRight(stopping, cancelled))
    const { inDoubt, others, overview, own, secret, settled, workspace } = plan
    const { journal, json } = request
    const options = { inDoubt, journal, json, stop: stopped, place: overview.place }

    if (others.length + own.length > 0) yield* begin(journal, workspace)
    const done = others.length > 0 ? yield* carryOut(others, options) : nothing
    const receipts = [...settled, ...done.receipts]
    if (receipts.length === 0 && done.unsent > 0) return yield* cancelled
    const verified = yield* Effect.raceFirst(
      verifyGone(receipts, overview.listing),
      Effect.zipRight(stopping, notVerified())
    )
    const presenceOf = Option.getOrElse(verified, () => () => "NotChecked" as const)
    let code = Math.max(codeOfUnsent(done), ...receipts.map((receipt) => codeOf(receipt, presenceOf(receipt.id))))

    const isAllSettled = done.unsent === 0 && done.receipts.every(isSettled)
    if (own.length > 0) {
      if (!isAllSettled || (yield* Deferred.isDone(stopped))) {
        yield* say("The key that this tool calls with was left, because not all others are settled.")
        code = Math.max(code, codes.failed)
      } else {
        code = Math.max(code, yield* deleteOwn(own, options))
      }
    }
    if (Option.isSome(secret)) {
      const notProved = Effect.as(say("It was not checked whether the secret is dead."), codes.unknown)
      const dead = Effect.raceFirst(verifyDead(secret.value, "The secret"), Effect.zipRight(stopping, notProved))
      code = Math.max(code, yield* dead)
    }
    if (!isAllSettled) yield* sayHowToGoOn(args)
    // What nobody has seen gone is not reported as gone.
    return code === codes.gone && Option.isNone(verified) ? codes.unknown : code
  })

/** Deletes keys, and returns the exit code. */
export const revoke = (args: Arguments) =>
  Effect.gen(function* () {
    const stopped = yield* stop
    const halted = Effect.zipRight(Deferred.await(stopped), cancelled)
    const request = yield* Effect.raceFirst(Request.make(args), halted)
    if (args.has("rehearse")) return yield* Effect.provide(work(args, request, stopped), rehearsal)
    const apiKey = yield* Effect.raceFirst(Credential.find(args), halted)
    return yield* Effect.provide(work(args, request, stopped), live(apiKey))
  }).pipe(Effect.scoped)
