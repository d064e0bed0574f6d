/** The command `revoke`. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../../ApiKey.js"
import { isSettled, type Receipt } from "../../Revocation.js"
import { sayAlive } from "../audit/alive.js"
import * as Acceptance from "../instantly/acceptance.js"
import * as Credential from "../instantly/credential.js"
import type { Overview } from "../instantly/overview.js"
import { rehearsal } from "../instantly/rehearsal.js"
import { live, Target } from "../instantly/target.js"
import { begin, carryOut, type Done, type Options } from "../revoke/carryOut.js"
import * as LeftBehind from "../revoke/leftBehind.js"
import * as Plan from "../revoke/plan.js"
import * as Request from "../revoke/request.js"
import { codeOf, notVerified, verifyDead, verifyGone } from "../revoke/verify.js"
import { type StopReason, stop } from "../terminal/stop.js"
import { say, sayCommand } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { cancelled, codes } from "../usage/exit.js"

const nothing: Done = { receipts: [], unsent: 0, journalFailed: false }

const codeOfUnsent = ({ journalFailed, unsent }: Done) => (unsent > 0 || journalFailed ? codes.failed : codes.gone)

/** Deletes the key that the tool calls with, and checks that it is dead. Returns the exit code. */
const deleteOwn = (own: ReadonlyArray<ApiKeyId>, options: Options) =>
  Effect.gen(function* () {
    const done = yield* carryOut(own, options)
    const code = Math.max(codeOfUnsent(done), ...done.receipts.map((receipt) => codeOf(receipt, "NotChecked")))
    if (done.receipts.length === 0) return code
    const { apiKey } = yield* Target
    const subject = {
      secret: apiKey,
      what: "The key that this tool calls with",
      wasAccepted: true,
      owner: Option.none()
    }
    const dead = yield* Effect.raceFirst(
      Effect.map(verifyDead(subject), ({ code }) => code),
      Effect.as(Deferred.await(options.stop), codes.unknown)
    )
    return Math.max(code, dead)
  })

/** What the list shows after some deletions. */
interface Verified {
  /** The exit code. */
  readonly code: number
  /** The ids of the keys that were listed before, and are not now. */
  readonly gone: ReadonlyArray<ApiKeyId>
}

/** Checks that the list shows them gone; otherwise they are not reported as gone. */
const verified = (
  done: Done,
  receipts: ReadonlyArray<Receipt>,
  before: Overview["listing"],
  stop: Effect.Effect<StopReason>
) =>
  Effect.gen(function* () {
    const seen = yield* Effect.raceFirst(verifyGone(receipts, before), Effect.zipRight(stop, notVerified()))
    const presenceOf = Option.getOrElse(seen, () => () => "NotChecked" as const)
    const code = Math.max(codeOfUnsent(done), ...receipts.map((receipt) => codeOf(receipt, presenceOf(receipt.id))))
    return {
      code: code === codes.gone && Option.isNone(seen) ? codes.unknown : code,
      gone: receipts.map(({ id }) => id).filter((id) => presenceOf(id) === "Gone")
    } satisfies Verified
  })

/** The command that goes on where a run left keys that are not settled. */
const sayHowToGoOn = ({ again, has }: Arguments) =>
  sayCommand(
    has("journal")
      ? "To go on:"
      : "To go on (keys that are gone by then are reported as not found; a --journal would skip them):",
    again
  )

/** What a person has to do after a leak. */
const sayWhatIsLeft = say(
  "",
  "What no tool can do is left to you: replace the key, look for other copies of the secret, and remove OAuth connections.",
  "See examples/revoke/README.md, What no tool can do."
)

const notProved: Acceptance.Verdict = {
  state: "Unknown",
  proof: "It was not checked whether the secret is dead.",
  code: codes.unknown
}

/** Checks that the leaked secret is dead. */
const prove = ({ leak, leftOut }: Plan.Plan, json: boolean, stop: Effect.Effect<StopReason>) =>
  Effect.transposeMapOption(leak, ({ abilities, secret, wasAccepted }) =>
    Effect.raceFirst(
      verifyDead({ secret, wasAccepted, what: "The secret", owner: leftOut }),
      Effect.zipRight(stop, Effect.as(say(notProved.proof), notProved))
    ).pipe(Effect.tap((verdict) => Acceptance.show(secret, { ...verdict, scopes: abilities.scopes }, json)))
  )

const nothingMore: Verified = { code: codes.gone, gone: [] }

/** Deletes those of the keys that the leaked one created that a person chooses. */
const deleteCreated = (left: LeftBehind.LeftBehind, request: Request.Request, overview: Overview, options: Options) =>
  Effect.gen(function* () {
    if (yield* Deferred.isDone(options.stop)) return nothingMore
    const ids = yield* LeftBehind.offer(left, overview, request)
    if (ids.length === 0) return nothingMore
    const done = yield* carryOut(ids, { ...options, inDoubt: [] })
    return yield* verified(done, done.receipts, Either.right(left.keys), Deferred.await(options.stop))
  })

/** Deletes the tool's own key, if all others are settled. Returns the exit code. */
const deleteOwnLast = (own: ReadonlyArray<ApiKeyId>, options: Options, isAllSettled: boolean) =>
  Effect.gen(function* () {
    if (own.length === 0) return codes.gone
    const isStopped = yield* Deferred.isDone(options.stop)
    if (isAllSettled && !isStopped) return yield* deleteOwn(own, options)
    const why = isAllSettled ? "the run was stopped" : "some of the others may still be there"
    yield* say(`The key that this tool calls with was not deleted, because ${why}.`)
    return codes.failed
  })

const work = (args: Arguments, request: Request.Request, stopped: Deferred.Deferred<StopReason>) =>
  Effect.gen(function* () {
    const stop = Deferred.await(stopped)
    const plan = yield* Effect.raceFirst(Plan.make(request), Effect.zipRight(stop, cancelled))
    const { audited, inDoubt, others, overview, own, settled, trail, workspace } = plan
    const { journal, json } = request
    const options: Options = { inDoubt, journal, json, stop: stopped, place: overview.place }
    // The deletion must not wait for long.
    const reading = Option.isSome(trail) ? yield* trail.value.read({ atMost: "30 seconds", stop }) : "Refused"

    if (others.length + own.length > 0) yield* begin(journal, workspace)
    const done = others.length > 0 ? yield* carryOut(others, options) : nothing
    const receipts = [...settled, ...done.receipts]
    if (receipts.length === 0 && done.unsent > 0) return yield* cancelled
    const deleted = yield* verified(done, receipts, overview.listing, stop)
    const proof = yield* prove(plan, json, stop)

    const sent = receipts.map(({ id }) => id)
    const left =
      Option.isSome(trail) && !(yield* Deferred.isDone(stopped))
        ? yield* LeftBehind.after({ audited, overview, reading, sent }, trail.value, json, stop)
        : LeftBehind.notRead(audited)
    const created = Option.isSome(trail) ? yield* deleteCreated(left, request, overview, options) : nothingMore
    const isAllSettled = done.unsent === 0 && done.receipts.every(isSettled)
    const ownCode = yield* deleteOwnLast(own, options, isAllSettled)

    if (!isAllSettled) yield* sayHowToGoOn(args)
    if (Option.isSome(proof)) {
      yield* sayWhatIsLeft
      yield* sayAlive({ ...LeftBehind.without([...deleted.gone, ...created.gone], left), proof }, json)
    }
    const proofCode = Option.match(proof, { onNone: () => codes.gone, onSome: ({ code }) => code })
    return Math.max(deleted.code, proofCode, created.code, ownCode)
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
