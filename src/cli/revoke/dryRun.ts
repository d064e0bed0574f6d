/** Shows what would be deleted, and ends the tool. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ApiKeyId, sameId } from "../../ApiKey.js"
import { mismatchOf, type Overview, originOf, ownUnknown, table } from "../instantly/overview.js"
import { jsonOf, printJson, wantsJson } from "../terminal/json.js"
import { print, say } from "../terminal/terminal.js"
import { codes, Exit } from "../usage/exit.js"

/** The same for a program to read. */
export class WouldDelete extends Schema.TaggedClass<WouldDelete>("effect-instantly/cli/WouldDelete")("WouldDelete", {
  id: ApiKeyId,
  /** None if the key is not listed. */
  name: Schema.OptionFromNullOr(Schema.String)
}) {}

const toJson = jsonOf(WouldDelete)

const nameOf = (id: ApiKeyId, { listing }: Overview) =>
  Option.fromNullable(Either.getOrElse(listing, () => []).find((key) => sameId(key.id, id))?.name)

export const show = (ids: ReadonlyArray<ApiKeyId>, overview: Overview, json: boolean) =>
  Effect.gen(function* () {
    yield* say(`Would delete ${ids.length} at`, `${overview.place}:`)
    if (yield* wantsJson(json)) {
      yield* Effect.forEach(ids, (id) =>
        Effect.flatMap(toJson(new WouldDelete({ id, name: nameOf(id, overview) })), printJson)
      )
    } else yield* print((yield* table(ids, overview, "stdout")).join("\n"))
    yield* say(...originOf(overview), ...mismatchOf(ids, overview), ...ownUnknown(ids, overview))
    return yield* new Exit({ code: codes.gone, message: "Nothing was deleted (--dry-run)." })
  })
