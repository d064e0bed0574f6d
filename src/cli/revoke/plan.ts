/** What to delete: the keys that the request names, without those that are settled, and after a question. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type ApiKeyId, sameId } from "../../ApiKey.js"
import { isReadable } from "../audit/trail.js"
import { nothing } from "../instantly/acceptance.js"
import * as Evidence from "../instantly/evidence.js"
import { canAudit, leakedLeftOut, mismatchOf, type Overview, originOf, ownUnknown } from "../instantly/overview.js"
import { Target } from "../instantly/target.js"
import { endWith, placeOf, readKeys, workspaceOf } from "../instantly/workspace.js"
import { say } from "../terminal/terminal.js"
import { cancelled, codes, Exit, usage } from "../usage/exit.js"
import { confirm, confirmOwn } from "./confirm.js"
import * as DryRun from "./dryRun.js"
import * as Leak from "./leak.js"
import * as LeftBehind from "./leftBehind.js"
import type { Request } from "./request.js"
import { leftOf, mustBeOfHere } from "./resume.js"

/** The keys of the workspace, and what they show about the leaked secret. */
const overviewOf = (request: Request, leak: Option.Option<Leak.Leak>) =>
  Effect.gen(function* () {
    const { apiKey } = yield* Target
    const canAudit = Option.isSome(leak) ? yield* isReadable : Option.none()
    const reads = Option.toArray(Option.map(canAudit, (can) => ["audit_logs", can] as const))
    const listing = yield* Effect.either(readKeys)
    if (Either.isLeft(listing) && (listing.left._tag === "Unauthorized" || listing.left._tag === "PaymentRequired")) {
      return yield* endWith(listing.left)
    }
    const workspace = yield* workspaceOf(listing)
    yield* mustBeOfHere(request.found.lines, workspace)
    const own = Evidence.ownerOf(listing, apiKey)
    const overview: Overview = {
      listing,
      own,
      abilities: { ...nothing, reads: new Map([["api_keys", Either.isRight(listing)], ...reads]) },
      leaked: Option.match(leak, {
        onNone: () => Evidence.none,
        onSome: ({ abilities, secret }) => Evidence.evidenceOf(listing, secret, abilities, own)
      }),
      place: yield* placeOf(workspace)
    }
    return { overview, workspace }
  })

/** The ids that the request gives, by themselves, by a name, or by a choice. */
const idsOf = (request: Request, overview: Overview) =>
  Effect.gen(function* () {
    const byName = Option.match(request.name, {
      onNone: () => Effect.succeed<ReadonlyArray<ApiKeyId>>([]),
      onSome: (text) =>
        Effect.map(Effect.catchAll(overview.listing, endWith), (keys) =>
          keys.filter(({ name }) => name.includes(text)).map(({ id }) => id)
        )
    })
    const chosen = request.choosing ? yield* Leak.choose(request, overview) : []
    const given = [...request.ids, ...(yield* byName), ...chosen]
    if (given.length > 0) return given
    const problem = Option.isSome(request.name)
      ? `No key at ${overview.place} has a name that contains the text of --name (case matters).`
      : "No ids were given."
    return yield* new Exit({ code: codes.failed, message: `${problem}\nNothing was deleted.` })
  })

const planOf = (request: Request, leak: Option.Option<Leak.Leak>) =>
  Effect.gen(function* () {
    const { fingerprint } = yield* Target
    const { overview, workspace } = yield* overviewOf(request, leak)
    const given = yield* idsOf(request, overview)
    const { inDoubt, pending, settled } = yield* leftOf(given, request.found, { workspace, credential: fingerprint })

    const isOwn = (id: ApiKeyId) => Option.exists(overview.own, (own) => sameId(own.id, id))
    const others = pending.filter((id) => !isOwn(id))
    const ownIds = pending.filter(isOwn)
    if (ownIds.length > 0 && request.yes && !request.includingOwnKey) {
      return yield* usage(
        `${ownIds[0]} is the key that this tool calls with. Add --including-own-key to delete it, too, as the last one.`
      )
    }
    if (request.dryRun) return yield* DryRun.show([...others, ...ownIds], overview, request.json)
    const takesOwn =
      ownIds.length > 0 &&
      Option.isSome(overview.own) &&
      (request.includingOwnKey || (yield* confirmOwn(overview.own.value, overview)))
    const own = takesOwn ? ownIds : []
    const toDelete = [...others, ...own]
    if (pending.length > 0 && toDelete.length === 0) return yield* cancelled

    const all = [...toDelete, ...settled.map(({ id }) => id)]
    const warning = mismatchOf(all, overview)
    if (request.yes && warning.length > 0) {
      return yield* usage([...warning, "Give its id. Without --yes, a question is asked."].join("\n"))
    }
    // The key that leaked is audited, whichever is deleted.
    const leftOut = leakedLeftOut(all, overview)
    const audited = [...all, ...Option.toArray(leftOut).map(({ id }) => id)]
    const trail =
      Option.isSome(leak) && canAudit(overview)
        ? Option.some(LeftBehind.trailOf(audited, overview, request.since))
        : Option.none()
    if (Option.isSome(leak) && Option.isNone(trail)) {
      yield* say(
        "After a deletion the audit log may no longer name the key: then an audit with another API key finds less."
      )
    }
    if (toDelete.length > 0) {
      if (request.yes) yield* say(...originOf(overview), ...ownUnknown(toDelete, overview))
      else yield* confirm(toDelete, overview)
    }
    return { audited, others, own, inDoubt, leak, leftOut, overview, settled, trail, workspace }
  })

/** Adds to a cancellation that the secret is alive. */
const stillAlive = (exit: Exit) =>
  exit.code === codes.usage
    ? new Exit({ code: exit.code, message: `${exit.message}\nThe leaked secret is still alive.` })
    : exit

export const make = (request: Request) =>
  Effect.gen(function* () {
    if (!request.leaked) return yield* planOf(request, Option.none())
    const leak = yield* Leak.read(request)
    const plan = planOf(request, Option.some(leak))
    return yield* leak.wasAccepted ? Effect.mapError(plan, stillAlive) : plan
  })

export type Plan = Effect.Effect.Success<ReturnType<typeof make>>
