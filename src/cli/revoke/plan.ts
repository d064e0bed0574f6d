/** What to delete: the keys that the request names, without those that are settled, and after a question. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../../ApiKey.js"
import * as Evidence from "../instantly/evidence.js"
import { leakedLeftOut, type Overview, originOf, ownUnknown, table, warningOf } from "../instantly/overview.js"
import { Target } from "../instantly/target.js"
import { endWith, placeOf, readKeys, workspaceOf } from "../instantly/workspace.js"
import { say } from "../terminal/terminal.js"
import { cancelled, codes, Exit, usage } from "../usage/exit.js"
import { confirm, confirmOwn } from "./confirm.js"
import * as Leak from "./leak.js"
import type { Request } from "./request.js"
import { leftOf, mustBeOfHere } from "./resume.js"

const keyOf = (id: string) => id.toLowerCase()

export const make = (request: Request) =>
  Effect.gen(function* () {
    const { apiKey, fingerprint } = yield* Target
    const leak = request.leaked ? Option.some(yield* Leak.read(request)) : Option.none()
    const listing = yield* Effect.either(readKeys)
    if (Either.isLeft(listing) && (listing.left._tag === "Unauthorized" || listing.left._tag === "PaymentRequired")) {
      return yield* endWith(listing.left)
    }
    const workspace = yield* workspaceOf(listing)
    yield* mustBeOfHere(request.found.lines, workspace)
    const overview: Overview = {
      listing,
      own: Evidence.evidenceOf(listing, apiKey, Option.none()).key,
      leaked: Option.match(leak, {
        onNone: () => Evidence.none,
        onSome: ({ scopes, secret }) => Evidence.evidenceOf(listing, secret, scopes)
      }),
      place: yield* placeOf(workspace)
    }

    const byName = Option.match(request.name, {
      onNone: () => Effect.succeed<ReadonlyArray<ApiKeyId>>([]),
      onSome: (text) =>
        Effect.map(Effect.catchAll(listing, endWith), (keys) =>
          keys.filter(({ name }) => name.includes(text)).map(({ id }) => id)
        )
    })
    const chosen = request.choosing ? yield* Leak.choose(request, overview) : []
    const given = [...request.ids, ...(yield* byName), ...chosen]
    if (given.length === 0) {
      const problem = Option.isSome(request.name)
        ? `No key at ${overview.place} has a name that contains the text of --name (case matters).`
        : "No ids were given."
      return yield* new Exit({ code: codes.failed, message: `${problem}\nNothing was deleted.` })
    }
    const { inDoubt, pending, settled } = yield* leftOf(given, request.found, {
      workspace,
      credential: fingerprint
    })

    const isOwn = (id: ApiKeyId) => Option.exists(overview.own, (own) => keyOf(own.id) === keyOf(id))
    const others = pending.filter((id) => !isOwn(id))
    const ownIds = pending.filter(isOwn)

    if (request.dryRun) {
      const shown = yield* table([...others, ...ownIds], overview, "stdout")
      yield* Console.log(
        [`Would delete ${pending.length} at`, `${overview.place}:`, ...shown, ...ownUnknown(overview)].join("\n")
      )
      return yield* new Exit({ code: codes.gone, message: "Nothing was deleted (--dry-run)." })
    }
    if (ownIds.length > 0 && request.yes && !request.includingOwnKey) {
      return yield* usage(
        `${ownIds[0]} is the key that this tool calls with. Add --including-own-key to delete it, too, as the last one.`
      )
    }
    const takesOwn =
      ownIds.length > 0 &&
      Option.isSome(overview.own) &&
      (request.includingOwnKey || (yield* confirmOwn(overview.own.value, overview)))
    const own = takesOwn ? ownIds : []
    const toDelete = [...others, ...own]
    if (pending.length > 0 && toDelete.length === 0) return yield* cancelled
    const leftOut = leakedLeftOut([...toDelete, ...settled.map(({ id }) => id)], overview)
    if (request.yes && Option.isSome(leftOut)) {
      return yield* usage([...warningOf(leftOut), "Give its id. Without --yes, a question is asked."].join("\n"))
    }
    if (toDelete.length > 0) {
      if (request.yes) yield* say(...originOf(overview), ...ownUnknown(overview))
      else yield* confirm(toDelete, overview)
    }
    return { others, own, inDoubt, settled, leak, leftOut, overview, workspace }
  })

export type Plan = Effect.Effect.Success<ReturnType<typeof make>>
