/** What to delete: reads what the person gave, leaves out what is settled, and asks. */
import { Console, Effect, Option } from "effect"
import { type ApiKey, Revocation } from "effect-instantly"
import { confirm } from "./confirm.js"
import { codeOf, codes, Ended, ofError, usage } from "./ended.js"
import { readIds, type Sources } from "./input.js"
import * as Leaked from "./leaked.js"
import * as Receipts from "./receipts.js"
import { canAsk, tell } from "./terminal.js"
import { preview, readKeys } from "./workspace.js"

export interface Options extends Sources {
  readonly name: Option.Option<string>
  readonly leaked: boolean
  readonly dryRun: boolean
  readonly yes: boolean
  readonly receipts: Option.Option<string>
}

/** Finds wrong usage before anything is sent. */
export const check = (options: Options) =>
  Effect.gen(function* () {
    const { file, ids, leaked, name, stdin } = options
    const named = ids.length > 0 || Option.isSome(file) || stdin || Option.isSome(name)
    const interactive = (yield* canAsk) && !stdin
    if (!named && !leaked) return yield* usage("Say which keys: ids, --file, --stdin, --name or --leaked.")
    if (Option.contains(name, "")) return yield* usage("--name is empty: that would match every key.")
    if (leaked && stdin)
      return yield* usage(
        "--leaked and --stdin do not go together: --leaked may read the secret from stdin. Give the ids with --file."
      )
    if (leaked && !named && !interactive) {
      return yield* usage(
        "Without a terminal, --leaked cannot ask which key it is: give ids, --file or --name as well."
      )
    }
    if (!interactive && !options.yes && !options.dryRun) {
      return yield* usage("There is no terminal to ask on: add --yes to delete, or --dry-run to look.")
    }
    const given = yield* readIds(options)
    const before = yield* Option.match(options.receipts, {
      onNone: () => Effect.succeed<ReadonlyArray<Revocation.Receipt>>([]),
      onSome: Receipts.read
    })
    return { given, before, choosing: leaked && !named }
  })

/** What `check` returns. */
export type Checked = Effect.Effect.Success<ReturnType<typeof check>>

const codeOfAll = (receipts: ReadonlyArray<Revocation.Receipt>) => Math.max(codes.gone, ...receipts.map(codeOf))

/** The ids to send, and the exit code of those that earlier receipts settle. */
export const make = ({ before, choosing, given }: Checked, options: Options) =>
  Effect.gen(function* () {
    const secret = options.leaked ? Option.some(yield* Leaked.readSecret) : Option.none()
    if (Option.isSome(secret)) yield* Leaked.mustBeAlive(secret.value)

    const known = yield* Effect.cached(readKeys)
    const byName = Option.match(options.name, {
      onNone: () => Effect.succeed<ReadonlyArray<ApiKey.ApiKeyId>>([]),
      onSome: (text) =>
        Effect.gen(function* () {
          const keys = yield* Effect.mapError(yield* known, ofError)
          return keys.filter(({ name }) => name.includes(text)).map(({ id }) => id)
        })
    })
    const chosen = choosing ? yield* Leaked.choose(yield* known) : []
    const ids = [...given, ...(yield* byName), ...chosen]
    if (ids.length === 0) return yield* new Ended({ code: codes.failed, message: "No key matches." })

    const { ids: pending } = Revocation.pending(ids, before)
    const left = new Set(pending.map((id) => id.toLowerCase()))
    const asked = new Set(ids.map((id) => id.toLowerCase()))
    const settled = before.filter(({ id }) => asked.has(id.toLowerCase()) && !left.has(id.toLowerCase()))
    const code = codeOfAll(settled.filter(Revocation.isSettled))
    if (asked.size > left.size)
      yield* tell(`${asked.size - left.size} of ${asked.size} are already settled, by --receipts.`)

    if (options.dryRun) {
      const lines = yield* preview(pending, yield* known)
      yield* Console.log([`Would delete ${pending.length}.`, ...lines].join("\n"))
      return yield* new Ended({ code: codes.gone, message: "Nothing was deleted (--dry-run)." })
    }
    if (!options.yes && pending.length > 0) yield* confirm(pending, yield* known)
    return { pending, secret, code }
  })
