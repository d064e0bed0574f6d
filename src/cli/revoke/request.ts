/** The request of `revoke`, from its arguments. Wrong usage is refused here, before anything is sent. */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../../ApiKey.js"
import * as JournalFile from "../journal/file.js"
import type * as Journal from "../journal/line.js"
import { canAsk } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { usage } from "../usage/exit.js"
import { idsIn, readIds, sinceOf } from "../usage/input.js"

export interface Request {
  readonly ids: ReadonlyArray<ApiKeyId>
  readonly name: Option.Option<string>
  /** Whether a secret has leaked. */
  readonly leaked: boolean
  /** Whether the leaked key has to be found, because no id, file or name was given. */
  readonly choosing: boolean
  /** Whether somebody can answer a question. */
  readonly canAsk: boolean
  readonly dryRun: boolean
  readonly yes: boolean
  readonly json: boolean
  readonly includingOwnKey: boolean
  /** The first moment of the audit log that matters. */
  readonly since: Option.Option<DateTime.Utc>
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
    const ids = yield* idsIn(args)
    if (!named && !leaked)
      return yield* usage("Say which keys: --leaked if a secret has leaked, or ids, --name, --file or --stdin.")
    if (Option.contains(file, "-")) return yield* usage("To read ids from stdin, give --stdin instead of --file.")
    if (leaked && stdin) {
      return yield* usage(
        "--leaked and --stdin do not go together: --leaked may read the secret from stdin. Give the ids with --file."
      )
    }
    if (Option.isSome(get("since")) && !leaked) return yield* usage("--since is about the audit after --leaked.")
    const since = yield* sinceOf(args)
    if (!interactive && !has("yes") && !has("dry-run")) {
      return yield* usage(
        "There is no terminal to ask on: add --yes to delete, or --dry-run to see what would be deleted."
      )
    }
    const read = yield* readIds({ file, stdin })
    return {
      ids: [...ids, ...read],
      name,
      leaked,
      choosing: leaked && !named,
      canAsk: interactive,
      since,
      dryRun: has("dry-run"),
      yes: has("yes"),
      json: has("json"),
      includingOwnKey: has("including-own-key"),
      ...(yield* journalOf(args))
    } satisfies Request
  })
