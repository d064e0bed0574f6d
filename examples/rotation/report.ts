/**
 * What a rotation says at its end, however it ends: which key is to be used from now on, and what is left over. How it
 * comes to that is left to `rotate.ts`.
 */
import { Match } from "effect"
import type { ApiKey } from "effect-instantly"

/** A key that is nobody's: for a person to look at, and to delete. */
export type Leftover =
  | { readonly _tag: "None" }
  /** The successor is still there, or may be: its deletion failed. */
  | { readonly _tag: "Successor"; readonly id: ApiKey.ApiKeyId; readonly certain: boolean }
  /** A key of this name was created, or may have been: no response told its id. */
  | { readonly _tag: "Named"; readonly name: string; readonly certain: boolean }

/** What is known of the old key once the successor has been handed over. */
export type Old =
  /** Nothing that was sent can have deleted it. */
  | "Works"
  /** A deletion was sent, and nobody can say what became of it. */
  | "MayBeGone"
  /** Instantly says that it is deleted, but it was not seen to be refused. */
  | "Deleted"

export type Report =
  /** The successor is handed over, and the old key is refused. */
  | { readonly _tag: "Rotated"; readonly successor: ApiKey.ApiKeyId }
  /** The successor is handed over; the old key is for a person to look at. */
  | {
      readonly _tag: "HandedOver"
      readonly successor: ApiKey.ApiKeyId
      readonly old: Old
      readonly oldId: ApiKey.ApiKeyId
      readonly because: string
    }
  /** The old key works as before, and nothing was handed over. */
  | { readonly _tag: "NotRotated"; readonly because: string; readonly leftover: Leftover }
  /** The old key works as before. Whoever takes the successor died of it: whether it was stored is for a person to see. */
  | { readonly _tag: "Undecided"; readonly successor: ApiKey.ApiKeyId; readonly because: string }

const describeLeftover = Match.typeTags<Leftover>()({
  None: () => "Nothing is left over.",
  Successor: ({ certain, id }) =>
    certain ? `Delete ${id}: nobody has it.` : `Look whether ${id} is still there, and delete it: nobody has it.`,
  Named: ({ certain, name }) =>
    certain
      ? `A key named "${name}" was created, and nobody has its secret: delete it.`
      : `Look for a key named "${name}", and delete it: it may have been created, and nobody has its secret.`
})

const describeOld: Record<Old, (id: ApiKey.ApiKeyId) => string> = {
  Works: (id) => `The old key ${id} works as well: delete it.`,
  MayBeGone: (id) => `The old key ${id} may be gone: look, and delete it if it is not.`,
  Deleted: (id) => `The old key ${id} is deleted, but was not seen to be refused: look again.`
}

/** A report in one sentence or three, without a secret. */
export const describe = Match.typeTags<Report>()({
  Rotated: ({ successor }) => `Use the successor ${successor}: the old key is gone. Nothing is left over.`,
  HandedOver: ({ because, old, oldId, successor }) =>
    `Use the successor ${successor}. ${describeOld[old](oldId)} Not finished: ${because}.`,
  NotRotated: ({ because, leftover }) =>
    `Use the old key: it works as before. Not rotated: ${because}. ${describeLeftover(leftover)}`,
  Undecided: ({ because, successor }) =>
    `Use the old key: it works as before. ${because}: look whether ${successor} was stored, and delete it if it was not.`
})
