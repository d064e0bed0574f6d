/**
 * What is verified after a run, because a journal can be wrong, and so can what a server says: that the keys are gone from the
 * list, and that a secret is dead.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { ApiKey, ApiKeyId } from "../../ApiKey.js"
import { isActive } from "../../ApiKeys.js"
import type { Receipt } from "../../Revocation.js"
import { meaningOfRefusal, type Verdict } from "../instantly/acceptance.js"
import { hintOf } from "../instantly/secret.js"
import { sayNext } from "../instantly/target.js"
import { isUnauthorized, type Listing, readKeys, reasonOf } from "../instantly/workspace.js"
import { printable } from "../terminal/printable.js"
import { say } from "../terminal/terminal.js"
import { codes } from "../usage/exit.js"
import { commandLine } from "../usage/program.js"

class StillListed extends Data.TaggedError("StillListed")<{ readonly keys: ReadonlyArray<ApiKey> }> {}

class StillAccepted extends Data.TaggedError("StillAccepted") {}

/** At 1, 3, 7, 15 and 30 seconds: reads of the live API can lag by 15. */
const forHalfAMinute = Schedule.fromDelays("1 second", "2 seconds", "4 seconds", "8 seconds", "15 seconds")

/** Checks again while this error comes, and says so once. */
const again = <A, E extends { readonly _tag: string }, R>(
  check: Effect.Effect<A, E, R>,
  tag: E["_tag"],
  what: string
) =>
  Effect.flatMap(Effect.once(say(`${what} Checking again for up to half a minute …`)), (sayOnce) =>
    check.pipe(
      Effect.tapError(({ _tag }) => (_tag === tag ? sayOnce : Effect.void)),
      Effect.retry({ schedule: forHalfAMinute, while: ({ _tag }) => _tag === tag })
    )
  )

/** What the list shows of an id after a run. */
export type Presence = "Listed" | "Gone" | "NeverListed" | "NotChecked"

/** The exit code of a receipt. What the list shows comes before what the response said. */
export const codeOf = (receipt: Receipt, presence: Presence): number => {
  if (receipt._tag === "Failed") return isUnauthorized(receipt.error) ? codes.unauthorized : codes.failed
  if (receipt._tag === "Skipped") return isUnauthorized(receipt.reason) ? codes.unauthorized : codes.failed
  if (presence === "Listed") return codes.failed
  if (presence === "Gone") return codes.gone
  switch (receipt._tag) {
    case "Deleted":
      return codes.gone
    case "NotFound":
      if (receipt.outcome !== "Unknown") return codes.failed
      return presence === "NotChecked" ? codes.unknown : codes.gone
    case "Unknown":
      return isUnauthorized(receipt.error) ? codes.unauthorized : codes.unknown
  }
}

/** What the list shows of each id; nothing if it was not checked. */
export type Verified = Option.Option<(id: ApiKeyId) => Exclude<Presence, "NotChecked">>

/** Says that the list was not checked, and why. */
export const notVerified = (why = ""): Effect.Effect<Verified> =>
  Effect.as(say(`It was not checked whether they are gone${why}.`), Option.none())

const idsOf = (keys: ReadonlyArray<{ readonly id: ApiKeyId }>) => new Set(keys.map(({ id }) => id.toLowerCase()))

/** Lists the keys, and again for up to half a minute while one is there that may be gone, by these receipts. */
export const verifyGone = (receipts: ReadonlyArray<Receipt>, before: Listing) =>
  Effect.gen(function* () {
    const ids = idsOf(receipts.filter(({ _tag }) => _tag !== "Failed" && _tag !== "Skipped"))
    const listedBefore = idsOf(Either.getOrElse(before, () => []))
    const presenceOf =
      (listed: ReadonlySet<string>) =>
      (id: ApiKeyId): Exclude<Presence, "NotChecked"> => {
        if (listed.has(id.toLowerCase())) return "Listed"
        return listedBefore.has(id.toLowerCase()) ? "Gone" : "NeverListed"
      }
    const allGone: Verified = Option.some(presenceOf(new Set()))
    if (ids.size === 0) return allGone
    const gone = readKeys.pipe(
      Effect.map((keys) => keys.filter(({ id }) => ids.has(id.toLowerCase()))),
      Effect.filterOrFail(
        (keys) => keys.length === 0,
        (keys) => new StillListed({ keys })
      ),
      Effect.zipRight(say("The list of keys was checked: none of them is on it.")),
      Effect.as(allGone)
    )
    return yield* again(gone, "StillListed", "The list still shows what was deleted, which can be a lag.").pipe(
      Effect.catchAll((error): Effect.Effect<Verified> => {
        if (error._tag !== "StillListed") return notVerified(`: the keys cannot be listed (${reasonOf(error)})`)
        return Effect.as(
          say(
            "STILL LISTED after half a minute:",
            ...error.keys.map(({ id, name }) => `${printable(name, 38)}  ${id}`),
            "They were not deleted, or the list lags. List the keys again in a minute, and delete those that are still there, without --journal."
          ),
          Option.some(presenceOf(idsOf(error.keys)))
        )
      })
    )
  })

/** A secret to verify. */
export interface Subject {
  readonly secret: Redacted.Redacted
  /** Its name in messages. */
  readonly what: string
  /** Whether Instantly accepted it before. Then it is whole. */
  readonly wasAccepted: boolean
  /** The key that it certainly belongs to, if that is another one than those that were deleted. */
  readonly owner: Option.Option<ApiKey>
}

/** What to do about a secret that is still accepted. */
const sayNextOf = ({ owner }: Subject) =>
  Option.match(owner, {
    onNone: () =>
      sayNext(
        "Look again in a minute, and choose another key if it is still alive:",
        commandLine("revoke", "--leaked")
      ),
    onSome: ({ id }) => sayNext("To delete that key:", commandLine("revoke", "--leaked", id))
  })

const stillAccepted = ({ owner, what }: Subject): Verdict => ({
  state: "Accepted",
  proof: Option.match(owner, {
    onNone: () =>
      `${what} IS STILL ACCEPTED after half a minute: it dies later, or another key was deleted, and whatever uses that needs a new one.`,
    onSome: ({ name }) =>
      `${what} IS STILL ACCEPTED: it belongs to the key ${printable(name, 40)}, which was not deleted.`
  }),
  code: codes.failed
})

const refused = ({ secret, wasAccepted, what }: Subject): Verdict => {
  if (wasAccepted) {
    const proof = `${what} is dead: Instantly accepted it before, and refuses it now.`
    return { state: "Refused", proof, code: codes.gone }
  }
  return {
    state: "Refused",
    proof: `${what} is refused in the same words as a made-up one. ${meaningOfRefusal(secret)}`,
    code: Option.isNone(hintOf(secret)) ? codes.gone : codes.unknown
  }
}

/** Checks for up to half a minute until the secret is refused. */
export const verifyDead = (subject: Subject) => {
  const { owner, secret, what } = subject
  const dead = Effect.filterOrFail(
    isActive(secret),
    (active) => !active,
    () => new StillAccepted()
  )
  // The secret of a key that was not deleted does not die.
  return (Option.isSome(owner) ? dead : again(dead, "StillAccepted", `${what} is still accepted.`)).pipe(
    Effect.match({
      onSuccess: () => refused(subject),
      onFailure: (error): Verdict =>
        error._tag === "StillAccepted"
          ? stillAccepted(subject)
          : { state: "Unknown", proof: `${error.message}\nIt is not known whether it is dead.`, code: codes.unknown }
    }),
    Effect.tap(({ proof }) => say(proof)),
    Effect.tap(({ state }) => (state === "Accepted" ? sayNextOf(subject) : Effect.void))
  )
}
