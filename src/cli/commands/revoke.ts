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
import { notVerified, verifyDead, verifyGone } from "../revoke/verify.js"
import { type StopReason, stop } from "../terminal/stop.js"
import { say } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { cancelled, codes } from "../usage/exit.js"

const nothing: Done = { code: codes.gone, receipts: [] }

/** Deletes the key that the tool calls with, and sees it dead. Returns the exit code. */
const deleteOwn = (own: ReadonlyArray<ApiKeyId>, options: Options) =>
  Effect.gen(function* () {
    const { code, receipts } = yield* carryOut(own, options)
    if (receipts.length === 0) return code
    const { apiKey } = yield* Target
    const proved = yield* Effect.raceFirst(
      verifyDead(apiKey, "The key that this tool calls with"),
      Effect.as(Deferred.await(options.stop), codes.unknown)
    )
    return Math.max(code, proved)
  })

const work = (request: Request.Request, stopped: Deferred.Deferred<StopReason>) =>
  Effect.gen(function* () {
    const stopping = Deferred.await(stopped)
    const plan = yield* Effect.raceFirst(Plan.make(request), Effect.zipRight(stopping, cancelled))
    const { inDoubt, others, overview, own, secret, settled, workspace } = plan
    const { journal } = request
    const options = { inDoubt, journal, stop: stopped, place: overview.place }

    if (others.length + own.length > 0) yield* begin(journal, workspace)
    const done = others.length > 0 ? yield* carryOut(others, options) : nothing
    if (others.length > 0 && done.receipts.length === 0) return yield* cancelled
    const gone = done.receipts.filter(isSettled)
    const receipts = [...settled, ...gone]
    const verified = yield* Effect.raceFirst(verifyGone(receipts), Effect.zipRight(stopping, notVerified(receipts)))
    let code = Math.max(done.code, verified)

    if (own.length > 0) {
      if (gone.length < others.length || (yield* Deferred.isDone(stopped))) {
        yield* say("The key that this tool calls with was left, because not all others are settled.")
        code = Math.max(code, codes.failed)
      } else {
        code = Math.max(code, yield* deleteOwn(own, options))
      }
    }
    if (Option.isNone(secret)) return code
    const unproved = Effect.as(say("It was not checked whether the secret is dead."), codes.unknown)
    return Math.max(
      code,
      yield* Effect.raceFirst(verifyDead(secret.value, "The secret"), Effect.zipRight(stopping, unproved))
    )
  })

/** Deletes keys, and returns the exit code. */
export const revoke = (args: Arguments) =>
  Effect.gen(function* () {
    const stopped = yield* stop
    const halted = Effect.zipRight(Deferred.await(stopped), cancelled)
    const request = yield* Effect.raceFirst(Request.make(args), halted)
    if (args.has("rehearse")) return yield* Effect.provide(work(request, stopped), rehearsal)
    const apiKey = yield* Effect.raceFirst(Credential.find(args), halted)
    return yield* Effect.provide(work(request, stopped), live(apiKey))
  }).pipe(Effect.scoped)
