/** The command `list`. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { ApiKeyId } from "../../ApiKey.js"
import * as Credential from "../instantly/credential.js"
import * as Evidence from "../instantly/evidence.js"
import { table } from "../instantly/overview.js"
import { rehearsal } from "../instantly/rehearsal.js"
import { live, Target } from "../instantly/target.js"
import { endWith, placeOf, readKeys, workspaceOf } from "../instantly/workspace.js"
import { jsonOf, printJson, wantsJson } from "../terminal/json.js"
import { say } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { codes, usage } from "../usage/exit.js"

/** A key on stdout, for a program to read: all but the secret. */
export class Key extends Schema.TaggedClass<Key>("effect-instantly/cli/Key")("Key", {
  id: ApiKeyId,
  name: Schema.String,
  scopes: Schema.Array(Schema.String),
  createdAt: Schema.DateTimeUtc,
  organizationId: Schema.String
}) {}

const toJson = jsonOf(Key)

const work = (args: Arguments) =>
  Effect.gen(function* () {
    const { apiKey } = yield* Target
    const all = yield* Effect.catchAll(readKeys, endWith)
    const listing = Either.right(all)
    const place = yield* placeOf(yield* workspaceOf(listing))
    const text = args.get("name")
    const keys = all.filter(({ name }) =>
      Option.match(text, { onNone: () => true, onSome: (part) => name.includes(part) })
    )
    const count = Option.isSome(text) ? `${keys.length} of ${all.length}` : `${all.length}`
    yield* say(`${count} ${count === "1" ? "key" : "keys"} at`, `${place}:`)
    if (yield* wantsJson(args.has("json"))) {
      return yield* Effect.forEach(keys, ({ createdAt, id, name, organizationId, scopes }) =>
        Effect.flatMap(toJson(new Key({ id, name, scopes, createdAt, organizationId })), printJson)
      )
    }
    const overview = {
      listing,
      own: Evidence.ownerOf(listing, apiKey),
      leaked: Evidence.none,
      place
    }
    const ids = keys.map(({ id }) => id)
    return yield* Effect.forEach(yield* table(ids, overview, "stdout"), (row) => Console.log(row))
  })

/** Lists the keys, and returns the exit code. */
export const list = (args: Arguments) =>
  Effect.gen(function* () {
    if (args.words.length > 0) return yield* usage("list takes no arguments. Give --name to list some of the keys.")
    yield* args.has("rehearse")
      ? Effect.provide(work(args), rehearsal)
      : Effect.flatMap(Credential.find(args), (apiKey) => Effect.provide(work(args), live(apiKey)))
    return codes.gone
  })
