/** What `revoke` is to do, by its arguments. Wrong usage is found here, before anything is sent. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../../ApiKey.js"
import * as JournalFile from "../journal/file.js"
import type * as Journal from "../journal/line.js"
import { canAsk } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { usage } from "../usage/exit.js"
import { readIds } from "../usage/input.js"

export interface Request {
  readonly ids: ReadonlyArray<ApiKeyId>
  readonly name: Option.Option<string>
  /** Whether a secret has leaked. */
  readonly leaked: boolean
  /** Whether a person chooses the leaked key, because nothing says which one it is. */
  readonly choosing: boolean
  readonly dryRun: boolean
  readonly yes: boolean
  readonly includingOwnKey: boolean
  /** What the journal holds from earlier runs. */
  readonly found: Journal.Found
  readonly journal: Option.Option<JournalFile.JournalFile>
}

const noJournal: Journal.Found = { lines: [], whole: 0, torn: Option.none() }

const journalOf = ({ get, has }: Arguments) => {
  const path = get("journal")
  if (Option.isNone(path)) {
    return has("fsync")
      ? usage("--fsync is about the journal: give --journal, too.")
      : Effect.succeed({ found: noJournal, journal: Option.none() })
  }
  return has("dry-run")
    ? Effect.map(JournalFile.read(path.value), (found) => ({ found, journal: Option.none() }))
    : Effect.map(JournalFile.open(path.value, { fsync: has("fsync") }), (file) => ({
        found: file.found,
        journal: Option.some(file)
      }))
}

export const make = (args: Arguments) =>
  Effect.gen(function* () {
    const { get, has, words } = args
    const file = get("file")
    const name = get("name")
    const leaked = has("leaked")
    const stdin = has("stdin")
    const named = words.length > 0 || Option.isSome(file) || stdin || Option.isSome(name)
    const interactive = (yield* canAsk) && !stdin
    if (!named && !leaked)
      return yield* usage("Say which keys: --leaked if a secret has leaked, or ids, --name, --file or --stdin.")
    if (Option.contains(file, "-")) return yield* usage("To read ids from stdin, give --stdin instead of --file.")
    if (leaked && stdin) {
      return yield* usage(
        "--leaked and --stdin do not go together: --leaked may read the secret from stdin. Give the ids with --file."
      )
    }
    if (leaked && !named && !interactive) {
      return yield* usage(
        "Without a terminal, --leaked cannot ask which key it is: give ids, --file or --name as well."
      )
    }
    if (!interactive && !has("yes") && !has("dry-run")) {
      return yield* usage("There is no terminal to ask on: add --yes to delete, or --dry-run to look.")
    }
    const ids = yield* readIds({ ids: words, file, stdin })
    return {
      ids,
      name,
      leaked,
      choosing: leaked && !named,
      dryRun: has("dry-run"),
      yes: has("yes"),
      includingOwnKey: has("including-own-key"),
      ...(yield* journalOf(args))
    } satisfies Request
  })
