/** The command `revoke`. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { look } from "./afterwards.js"
import type { Given } from "./arguments.js"
import { type Asked, ask } from "./asked.js"
import { begin, carryOut, type Done } from "./carryOut.js"
import * as Credential from "./credential.js"
import { cancelled, codes } from "./ended.js"
import { prove } from "./leaked.js"
import * as Plan from "./plan.js"
import { stop } from "./signals.js"
import { live, rehearsal, Target } from "./target.js"
import { tell } from "./terminal.js"

const nothing: Done = { code: codes.gone, settled: [] }

const work = (asked: Asked, stopped: Deferred.Deferred<void>) =>
  Effect.gen(function* () {
    const stopping = Deferred.await(stopped)
    const plan = yield* Effect.raceFirst(Plan.make(asked), Effect.zipRight(stopping, cancelled))
    const { inDoubt, others, own, seen, secret, settled, workspace } = plan
    const { journal } = asked
    const options = { inDoubt, journal, stop: stopped, place: seen.place }

    if (others.length + own.length > 0) yield* begin(journal, workspace)
    const done = others.length > 0 ? yield* carryOut(others, options) : nothing
    const looked = yield* Effect.raceFirst(
      look([...settled, ...done.settled]),
      Effect.zipRight(stopping, Effect.as(tell("It was not checked whether they are gone."), codes.gone))
    )
    let code = Math.max(done.code, looked)

    if (own.length > 0) {
      if (done.settled.length < others.length || (yield* Deferred.isDone(stopped))) {
        yield* tell("The key that this tool calls with was left, because not all others are settled.")
        code = Math.max(code, codes.failed)
      } else {
        code = Math.max(code, (yield* carryOut(own, options)).code)
        const { apiKey } = yield* Target
        code = Math.max(
          code,
          yield* Effect.raceFirst(
            prove(apiKey, "The key that this tool calls with"),
            Effect.as(stopping, codes.unknown)
          )
        )
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
