/** The command `list`. */
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { ApiKey } from "../ApiKey.js"
import type { Given } from "./arguments.js"
import { preview } from "./confirm.js"
import * as Credential from "./credential.js"
import { codes, usage } from "./ended.js"
import { escapeUnseen } from "./journal.js"
import { live, rehearsal, Target } from "./target.js"
import { tell } from "./terminal.js"
import { endWith, readKeys, where, withSecret, workspaceOf } from "./workspace.js"

/** A key for a program to read, without its secret. */
const toJson = ({ createdAt, id, name, organizationId, scopes }: ApiKey) =>
  escapeUnseen(JSON.stringify({ id, name, scopes, createdAt: DateTime.formatIso(createdAt), organizationId }))

const work = (given: Given) =>
  Effect.gen(function* () {
    const { apiKey } = yield* Target
    const all = yield* Effect.catchAll(readKeys, endWith)
    const known = Either.right(all)
    const place = yield* where(yield* workspaceOf(known))
    const text = given.get("name")
    const keys = all.filter(({ name }) =>
      Option.match(text, { onNone: () => true, onSome: (part) => name.includes(part) })
    )
    const count = Option.isSome(text) ? `${keys.length} of ${all.length}` : `${all.length}`
    yield* tell(`${count} ${count === "1" ? "key" : "keys"} at ${place}`)
    if (process.stdout.isTTY !== true || given.has("json")) {
      return yield* Effect.forEach(keys, (key) => Console.log(toJson(key)))
    }
    const seen = { known, own: withSecret(known, apiKey), leaked: Option.none(), place }
    const ids = keys.map(({ id }) => id)
    return yield* Effect.forEach(yield* preview(ids, seen, "stdout"), (row) => Console.log(row))
  })

/** Lists the keys, and returns the exit code. */
export const list = (given: Given) =>
  Effect.gen(function* () {
    if (given.words.length > 0) return yield* usage("list takes no arguments. Give --name to list some of the keys.")
    yield* given.has("rehearse")
      ? Effect.provide(work(given), rehearsal)
      : Effect.flatMap(Credential.find(given), (apiKey) => Effect.provide(work(given), live(apiKey)))
    return codes.gone
  })
