/** The command `revoke`. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../ApiKey.js"
import { isSettled } from "../Revocation.js"
import { look, notChecked } from "./afterwards.js"
import type { Given } from "./arguments.js"
import { type Asked, ask } from "./asked.js"
import { begin, carryOut, type Done, type Options } from "./carryOut.js"
import * as Credential from "./credential.js"
import { cancelled, codes } from "./ended.js"
import { prove } from "./leaked.js"
import * as Plan from "./plan.js"
import { stop } from "./signals.js"
import { live, rehearsal, Target } from "./target.js"
import { tell } from "./terminal.js"

const nothing: Done = { code: codes.gone, receipts: [] }

/** Deletes the key that the tool calls with, and sees it dead. Returns the exit code. */
const deleteOwn = (own: ReadonlyArray<ApiKeyId>, options: Options) =>
  Effect.gen(function* () {
    const { code, receipts } = yield* carryOut(own, options)
    if (receipts.length === 0) return code
    const { apiKey } = yield* Target
    const proved = yield* Effect.raceFirst(
      prove(apiKey, "The key that this tool calls with"),
      Effect.as(Deferred.await(options.stop), codes.unknown)
    )
    return Math.max(code, proved)
  })

const work = (asked: Asked, stopped: Deferred.Deferred<void>) =>
  Effect.gen(function* () {
    const stopping = Deferred.await(stopped)
    const plan = yield* Effect.raceFirst(Plan.make(asked), Effect.zipRight(stopping, cancelled))
    const { inDoubt, others, own, seen, secret, settled, workspace } = plan
    const { journal } = asked
    const options = { inDoubt, journal, stop: stopped, place: seen.place }

    if (others.length + own.length > 0) yield* begin(journal, workspace)
    const done = others.length > 0 ? yield* carryOut(others, options) : nothing
    if (others.length > 0 && done.receipts.length === 0) return yield* cancelled
    const gone = done.receipts.filter(isSettled)
    const receipts = [...settled, ...gone]
    const looked = yield* Effect.raceFirst(look(receipts), Effect.zipRight(stopping, notChecked(receipts)))
    let code = Math.max(done.code, looked)

    if (own.length > 0) {
      if (gone.length < others.length || (yield* Deferred.isDone(stopped))) {
        yield* tell("The key that this tool calls with was left, because not all others are settled.")
        code = Math.max(code, codes.failed)
      } else {
        code = Math.max(code, yield* deleteOwn(own, options))
      }
    }
    if (Option.isNone(secret)) return code
    const unproved = Effect.as(tell("It was not checked whether the secret is dead."), codes.unknown)
    return Math.max(
      code,
      yield* Effect.raceFirst(prove(secret.value, "The secret"), Effect.zipRight(stopping, unproved))
    )
  })

/** Deletes keys, and returns the exit code. */
export const revoke = (given: Given) =>
  Effect.gen(function* () {
    const stopped = yield* stop
    const halted = Effect.zipRight(Deferred.await(stopped), cancelled)
    const asked = yield* Effect.raceFirst(ask(given), halted)
    if (given.has("rehearse")) return yield* Effect.provide(work(asked, stopped), rehearsal)
    const apiKey = yield* Effect.raceFirst(Credential.find(given), halted)
    return yield* Effect.provide(work(asked, stopped), live(apiKey))
  }).pipe(Effect.scoped)
