/** What a rotation says at its end: which key to use from now on, and what is left over. `rotate.ts` works that out. */
import { Match } from "effect"
import type { ApiKey } from "effect-instantly"
import { printable } from "../printable.js"

/** A key that nobody uses, for a person to check and delete. */
export type Leftover =
  | { readonly _tag: "None" }
  /** The successor exists, or may exist: its deletion failed. */
  | { readonly _tag: "Successor"; readonly id: ApiKey.ApiKeyId; readonly certain: boolean }
  /** A key with this name was created, or may have been. No response gave its id. */
  | { readonly _tag: "Named"; readonly name: string; readonly certain: boolean }

/** What is known of the old key once the successor has been handed over. */
export type Old =
  /** No request can have deleted it. */
  | "Works"
  /** A deletion was sent, and its outcome is unknown. */
  | "MayBeGone"
  /** Instantly reported the deletion, but nobody has seen it refuse the key. */
  | "Deleted"

export type Report =
  /** The successor was handed over, and Instantly refuses the old key. */
  | { readonly _tag: "Rotated"; readonly successor: ApiKey.ApiKeyId }
  /** The successor was handed over. A person has to check the old key. */
  | {
      readonly _tag: "HandedOver"
      readonly successor: ApiKey.ApiKeyId
      readonly old: Old
      readonly oldId: ApiKey.ApiKeyId
      readonly because: string
    }
  /** The old key works as before, and nothing was handed over. */
  | { readonly _tag: "NotRotated"; readonly because: string; readonly leftover: Leftover }
  /** The old key works as before. `handOver` died, so a person has to check whether the successor was stored. */
  | { readonly _tag: "Undecided"; readonly successor: ApiKey.ApiKeyId; readonly because: string }

const describeLeftover = Match.typeTags<Leftover>()({
  None: () => "Nothing is left over.",
  Successor: ({ certain, id }) =>
    certain ? `Delete ${id}: nobody uses it.` : `Check whether ${id} still exists, and delete it: nobody uses it.`,
  Named: ({ certain, name }) =>
    certain
      ? `Delete the key named ${printable(name)}: it was created, but nobody has its secret.`
      : `Look for a key named ${printable(name)}, and delete it: it may have been created, but nobody has its secret.`
})

const describeOld: Record<Old, (id: ApiKey.ApiKeyId) => string> = {
  Works: (id) => `The old key ${id} still works: delete it.`,
  MayBeGone: (id) => `The old key ${id} may be gone: check, and delete it if it is not.`,
  Deleted: (id) => `The old key ${id} is deleted, but it is not certain that Instantly refuses it: check again.`
}

/** A report in words, without a secret. */
export const describe = Match.typeTags<Report>()({
  Rotated: ({ successor }) => `Use the successor ${successor}: the old key is gone. Nothing is left over.`,
  HandedOver: ({ because, old, oldId, successor }) =>
    `Use the successor ${successor}. ${describeOld[old](oldId)} Not finished: ${because}.`,
  NotRotated: ({ because, leftover }) =>
    `Use the old key: it works as before. Not rotated: ${because}. ${describeLeftover(leftover)}`,
  Undecided: ({ because, successor }) =>
    `Use the old key: it works as before. Not rotated: ${because}. Check whether ${successor} was stored, and delete it if it was not.`
})
