/** The command `list`. */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKey } from "../../ApiKey.js"
import * as Credential from "../instantly/credential.js"
import { table } from "../instantly/overview.js"
import { rehearsal } from "../instantly/rehearsal.js"
import { live, Target } from "../instantly/target.js"
import { endWith, placeOf, readKeys, withSecret, workspaceOf } from "../instantly/workspace.js"
import { printJson } from "../terminal/json.js"
import { say } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { codes, usage } from "../usage/exit.js"

/** A key for a program to read, without its secret. */
const toJson = ({ createdAt, id, name, organizationId, scopes }: ApiKey) =>
  JSON.stringify({ id, name, scopes, createdAt: DateTime.formatIso(createdAt), organizationId })

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
    yield* say(`${count} ${count === "1" ? "key" : "keys"} at ${place}`)
    if (process.stdout.isTTY !== true || args.has("json")) {
      return yield* Effect.forEach(keys, (key) => printJson(toJson(key)))
    }
    const overview = { listing, own: withSecret(listing, apiKey), leaked: Option.none(), place }
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
