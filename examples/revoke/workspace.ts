/** The keys of the workspace, and how they are shown. */
import { Chunk, DateTime, Duration, Effect, Either, Stream } from "effect"
import { type ApiKey, ApiKeys, type InstantlyError } from "effect-instantly"
import { printable } from "../printable.js"

/** All keys of the workspace, or the error that kept them from being read. */
export type Known = Either.Either<ReadonlyArray<ApiKey.ApiKey>, InstantlyError.InstantlyError>

export const readKeys: Effect.Effect<Known, never, ApiKeys.ApiKeys> = ApiKeys.list().pipe(
  Stream.runCollect,
  Effect.map(Chunk.toReadonlyArray),
  Effect.either
)

const ageOf = (createdAt: DateTime.Utc, now: DateTime.Utc) => {
  const { days, hours, minutes } = Duration.parts(Duration.millis(Math.max(0, DateTime.distance(createdAt, now))))
  if (days > 0) return `${days} d old`
  return hours > 0 ? `${hours} h old` : `${minutes} min old`
}

/** A key on one line, without its secret. */
export const describe = (now: DateTime.Utc) => (key: ApiKey.ApiKey) =>
  `${key.id}  ${printable(key.name)}  ${printable(key.scopes.join(" "))}  ${ageOf(key.createdAt, now)}`

/** The workspace, and below it each id with what is known about its key. */
export const preview = (ids: ReadonlyArray<ApiKey.ApiKeyId>, known: Known) =>
  Effect.map(DateTime.now, (now): ReadonlyArray<string> => {
    if (Either.isLeft(known)) {
      const reason =
        known.left._tag === "Forbidden" ? "INSTANTLY_API_KEY lacks the scope api_keys:read" : known.left._tag
      return [`The workspace's keys cannot be listed (${reason}), so only ids are shown:`, ...ids]
    }
    const byId = new Map(known.right.map((key) => [key.id.toLowerCase(), describe(now)(key)]))
    const workspace = known.right[0]?.organizationId ?? "without keys"
    return [`Workspace ${workspace}:`, ...ids.map((id) => byId.get(id.toLowerCase()) ?? `${id}  not in this workspace`)]
  })
