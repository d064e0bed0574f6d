/** What a rotation says at its end: which key to use from now on, and what is left over. `rotate.ts` works that out. */
import { Match, Schema } from "effect"
import { ApiKey } from "effect-instantly"
import { printable } from "../printable.js"

/** A key that nobody uses, for a person to check and delete. */
export const Leftover = Schema.Union(
  Schema.TaggedStruct("None", {}),
  /** The successor exists, or may exist: its deletion failed. */
  Schema.TaggedStruct("Successor", { id: ApiKey.ApiKeyId, certain: Schema.Boolean }),
  /** A key with this name may have been created. No response gave its id. */
  Schema.TaggedStruct("Named", { name: Schema.String })
)
export type Leftover = typeof Leftover.Type

/** The state of the old key once the successor has been handed over. */
export const Old = Schema.Literal(
  /** No request can have deleted it. */
  "Works",
  /** A deletion was sent, and its outcome is unknown. */
  "MayBeGone",
  /** Instantly reported the deletion, but nobody has seen it refuse the key. */
  "Deleted"
)
export type Old = typeof Old.Type

/** Encoded it is plain JSON without secrets. */
export const Report = Schema.Union(
  /** The successor was handed over, and Instantly refuses the old key. */
  Schema.TaggedStruct("Rotated", { successor: ApiKey.ApiKeyId }),
  /** The successor was handed over. A person has to check the old key. */
  Schema.TaggedStruct("HandedOver", {
    successor: ApiKey.ApiKeyId,
    old: Old,
    oldId: ApiKey.ApiKeyId,
    because: Schema.String
  }),
  /** The old key works as before, and nothing was handed over. */
  Schema.TaggedStruct("NotRotated", { because: Schema.String, leftover: Leftover }),
  /** The old key works as before. `handOver` died, so a person has to check whether the successor was stored. */
  Schema.TaggedStruct("Undecided", { successor: ApiKey.ApiKeyId, because: Schema.String })
)
export type Report = typeof Report.Type

const describeLeftover = Match.typeTags<Leftover>()({
  None: () => "Nothing is left over.",
  Successor: ({ certain, id }) =>
    certain ? `Delete ${id}: nobody uses it.` : `Check whether ${id} still exists, and delete it: nobody uses it.`,
  Named: ({ name }) =>
    `List the keys, and delete the one named ${printable(name)} if it is there: it may have been created, but nobody has its secret.`
})

const describeOld: Record<Old, (id: ApiKey.ApiKeyId) => string> = {
  Works: (id) => `The old key ${id} still works: delete it.`,
  MayBeGone: (id) => `The old key ${id} may be gone: check, and delete it if it is not.`,
  Deleted: (id) => `The old key ${id} is deleted, but it is not certain that Instantly refuses it: check again.`
}

/** A report in words. It holds no secret. */
export const describe = Match.typeTags<Report>()({
  Rotated: ({ successor }) => `Use the successor ${successor}: the old key is gone. Nothing is left over.`,
  HandedOver: ({ because, old, oldId, successor }) =>
    `Use the successor ${successor}. ${describeOld[old](oldId)} Not finished: ${because}.`,
  NotRotated: ({ because, leftover }) =>
    `Use the old key: it works as before. Not rotated: ${because}. ${describeLeftover(leftover)}`,
  Undecided: ({ because, successor }) =>
    `Use the old key: it works as before. Not rotated: ${because}. Check whether ${successor} was stored, and delete it if it was not.`
})
