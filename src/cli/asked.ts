/** What the arguments of `revoke` ask for, if they fit together: the ids that they give, and the journal. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKeyId } from "../ApiKey.js"
import type { Given } from "./arguments.js"
import { usage } from "./ended.js"
import { readIds } from "./input.js"
import type * as Journal from "./journal.js"
import * as JournalFile from "./journalFile.js"
import { canAsk } from "./terminal.js"

/** What the arguments say, where that is sound. */
export interface Asked {
  readonly ids: ReadonlyArray<ApiKeyId>
  readonly name: Option.Option<string>
  readonly leaked: boolean
  readonly choosing: boolean
  readonly dryRun: boolean
  readonly yes: boolean
  readonly includingOwnKey: boolean
  readonly found: Journal.Found
  readonly journal: Option.Option<JournalFile.JournalFile>
}

const noJournal: Journal.Found = { lines: [], whole: 0, torn: Option.none() }

const journalOf = (given: Given) => {
  const { get, has } = given
  const path = Option.orElse(get("journal"), () => get("receipts"))
  if (Option.isNone(path)) {
    return has("fsync")
      ? usage("--fsync is about the journal: give --journal, too.")
      : Effect.succeed({ found: noJournal, journal: Option.none() })
  }
  if (has("journal") && has("receipts")) return usage("--receipts is the same as --journal: give one of them.")
  return has("dry-run")
    ? Effect.map(JournalFile.look(path.value), (found) => ({ found, journal: Option.none() }))
    : Effect.map(JournalFile.open(path.value, { fsync: has("fsync") }), (file) => ({
        found: file.found,
        journal: Option.some(file)
      }))
}

/** Finds wrong usage before anything is sent. */
export const ask = (given: Given) =>
  Effect.gen(function* () {
    const { get, has, words } = given
    const file = get("file")
    const name = get("name")
    const leaked = has("leaked")
    const stdin = has("stdin")
    const named = words.length > 0 || Option.isSome(file) || stdin || Option.isSome(name)
    const interactive = (yield* canAsk) && !stdin
    if (has("live") && has("rehearse")) return yield* usage("--live and --rehearse do not go together.")
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
      ...(yield* journalOf(given))
    } satisfies Asked
  })
