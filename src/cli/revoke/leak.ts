/** A leaked secret: whether it is alive, and the key that it belongs to, which a person chooses if nothing else shows it. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { ApiKey, ApiKeyId } from "../../ApiKey.js"
import * as Acceptance from "../instantly/acceptance.js"
import { canAudit, mismatchOf, type Overview, originOf, table } from "../instantly/overview.js"
import * as Secret from "../instantly/secret.js"
import { sayNext, Target } from "../instantly/target.js"
import { endWith } from "../instantly/workspace.js"
import { askNumbers } from "../terminal/numbers.js"
import { printable } from "../terminal/printable.js"
import { isTall, say } from "../terminal/terminal.js"
import { cancelled, codes, Exit, usage } from "../usage/exit.js"
import { commandLine } from "../usage/program.js"
import * as LeftBehind from "./leftBehind.js"
import type { Request } from "./request.js"

export interface Leak {
  readonly secret: Redacted.Redacted
  /** Whether Instantly accepted it before the run. Then it is whole. */
  readonly wasAccepted: boolean
  readonly abilities: Acceptance.Abilities
}

/** Reads the secret, and checks whether it is alive. It must be, if nothing else says which key it is. */
export const read = (request: Request) =>
  Effect.gen(function* () {
    const { apiKey } = yield* Target
    const secret = yield* Secret.read("The leaked secret")
    if (Equal.equals(secret, apiKey)) {
      return yield* usage(
        "This is the API key that the tool calls with. Create another one in Instantly to call with, and run this again."
      )
    }
    const goesOn = !request.choosing
    const goingOn = "Going on with the keys that were given."
    const dead: Leak = { secret, wasAccepted: false, abilities: Acceptance.nothing }
    const checked = yield* Effect.either(Acceptance.check(secret))
    yield* Acceptance.show(secret, Either.getOrElse(checked, Acceptance.unknown), request.json)
    if (Either.isLeft(checked)) {
      if (!goesOn) return yield* endWith(checked.left)
      yield* say(checked.left.message, `It is not known whether the secret is alive. ${goingOn}`)
      return dead
    }
    if (checked.right.state === "Accepted") {
      yield* say(`The secret is alive. ${checked.right.proof}`, Acceptance.inWords(checked.right))
      return { secret, wasAccepted: true, abilities: checked.right } satisfies Leak
    }
    const words = [checked.right.proof, Acceptance.meaningOfRefusal(secret)]
    if (goesOn) {
      yield* say(...words, goingOn)
      return dead
    }
    yield* say(...words)
    yield* sayNext("What it left behind was not looked at. If you know the id of its key:", commandLine("audit", "ID"))
    const isWhole = Option.isNone(Secret.hintOf(secret))
    return yield* new Exit({
      code: isWhole ? codes.gone : codes.unknown,
      message: [
        ...(isWhole ? [] : ["Find the whole secret, and run this again."]),
        "Nothing was deleted. To delete a key all the same, give its id or --name."
      ].join("\n")
    })
  })

/** The only key that fits, its number, and how to say so. */
const markedIn = ({ leaked }: Overview, ids: ReadonlyArray<ApiKeyId>) => {
  const [first] = leaked.candidates
  if (first === undefined || leaked.candidates.length > 1) return Option.none()
  const index = ids.indexOf(first.id)
  const words = Option.isSome(leaked.key)
    ? `The leaked secret is number ${index + 1}'s.`
    : `Only number ${index + 1} fits the leaked secret.`
  return Option.some({ index, words })
}

/** The command that shows what each of these keys did, if they are not too many for a line. */
const auditOf = (candidates: ReadonlyArray<ApiKey>) =>
  candidates.length === 0 || candidates.length > 20
    ? commandLine("audit", "ID")
    : commandLine("audit", ...candidates.map(({ id }) => id))

const refuse = (overview: Overview) =>
  Effect.gen(function* () {
    const { candidates } = overview.leaked
    const [first, second] = candidates
    const which =
      first === undefined
        ? "no listed key can be meant"
        : second === undefined
          ? `only the key ${printable(first.name, 40)} has scopes that fit, which proves nothing`
          : `it can be one of ${candidates.length}`
    yield* say(...originOf(overview))
    if (candidates.length > 0) yield* sayNext("To see what each of them did:", auditOf(candidates))
    return yield* usage(
      `Nothing shows which key the leaked secret belongs to: ${which}. Give ids, --file or --name. In a terminal, the same command asks.`
    )
  })

/** The ids of the leaked key: the only one that can be meant, or those that a person chooses. */
export const choose = (request: Request, overview: Overview) =>
  Effect.gen(function* () {
    const { leaked } = overview
    const keys = yield* Effect.catchAll(overview.listing, endWith)
    const [only] = leaked.candidates
    if ((request.yes || !request.canAsk) && leaked.isAlone && only !== undefined) return [only.id]
    if (!request.canAsk) return yield* refuse(overview)
    const ids = keys.map(({ id }) => id)
    const shown = yield* table(ids, overview, "stderr")
    yield* say(
      "",
      "Which key is it? After its name come its age, scopes and id. These are at",
      `${overview.place}:`,
      ...shown,
      ...originOf(overview)
    )
    const marked = markedIn(overview, ids)
    // It may have scrolled off the screen.
    if (Option.isSome(marked) && (yield* isTall(shown))) yield* say("", ...shown.slice(marked.value.index).slice(0, 1))
    const suspects = leaked.candidates.map(({ id }) => id)
    const log =
      canAudit(overview) && suspects.length > 0 && Option.isNone(marked)
        ? Option.some(Effect.flatMap(LeftBehind.deedsOf(suspects, overview, request.since), (lines) => say(...lines)))
        : Option.none()
    if (suspects.length > 0 && Option.isNone(marked) && Option.isNone(log)) {
      yield* sayNext("With an API key that has audit_logs:read, this shows what they did:", auditOf(leaked.candidates))
    }
    const question = Option.match(marked, {
      onNone: () =>
        `Its number${Option.isSome(log) ? ', "log" to see what each did' : ""}, or Enter to delete nothing: `,
      onSome: ({ words }) => `${words} Its number, or Enter to delete nothing: `
    })
    const chosen = yield* askNumbers(question, ids, log)
    const warning = chosen.length === 0 ? [] : mismatchOf(chosen, overview)
    if (warning.length === 0) return chosen.length === 0 ? yield* cancelled : chosen
    yield* say(...warning)
    const again = yield* askNumbers("The number again, another number, or Enter to delete nothing: ", ids)
    return again.length === 0 ? yield* cancelled : again
  })
