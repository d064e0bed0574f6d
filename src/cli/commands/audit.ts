/** The command `audit`: what keys did, and what they left behind, by the audit log. */
import type * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../../ApiKey.js"
import { sayAlive } from "../audit/alive.js"
import { findingsOf } from "../audit/findings.js"
import * as Report from "../audit/report.js"
import * as Trail from "../audit/trail.js"
import * as Credential from "../instantly/credential.js"
import { live } from "../instantly/target.js"
import { placeOf, readKeys, reasonOf, workspaceOf } from "../instantly/workspace.js"
import { stop } from "../terminal/stop.js"
import { say } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { codes, usage } from "../usage/exit.js"
import { idsIn, sinceOf } from "../usage/input.js"

const exits = { Whole: codes.gone, Part: codes.unknown, Refused: codes.unauthorized } as const

const work = (args: Arguments, ids: ReadonlyArray<ApiKeyId>, since: Option.Option<DateTime.Utc>) =>
  Effect.gen(function* () {
    const stopped = yield* stop
    const listing = yield* Effect.either(readKeys)
    if (Either.isLeft(listing)) {
      yield* say(`The keys cannot be listed (${reasonOf(listing.left)}), so what was created has no name.`)
    }
    const trail = Trail.make(since)
    const reading = yield* trail.read({ stop: Deferred.await(stopped) })
    if (reading === "Refused") return exits[reading]
    const count = Trail.withCommas(yield* trail.count)
    yield* say(`Read ${count} rows of the audit log at`, `${yield* placeOf(yield* workspaceOf(listing))}.`)
    const keys = Either.getOrElse(listing, () => [])
    const findings = findingsOf(yield* trail.rows, ids, keys)
    const known = new Set(keys.map(({ id }) => id.toLowerCase()))
    const ending = {
      findings,
      ids,
      keys,
      known,
      reading,
      since,
      isListed: Either.isRight(listing),
      proof: Option.none()
    }
    yield* Report.show(ending, args.has("json"))
    yield* sayAlive(ending, args.has("json"))
    return exits[reading]
  }).pipe(Effect.scoped)

/** Reads the audit log, and returns the exit code. */
export const audit = (args: Arguments) =>
  Effect.gen(function* () {
    if (args.words.length === 0) return yield* usage("Give the ids of the keys: audit ID ...")
    const ids = yield* idsIn(args)
    const since = yield* sinceOf(args)
    return yield* Effect.flatMap(Credential.find(args), (apiKey) =>
      Effect.provide(work(args, ids, since), live(apiKey))
    )
  })
