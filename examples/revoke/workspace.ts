/** The keys of the workspace, as far as they can be read, and how one is shown. */
import { Chunk, DateTime, Duration, Effect, Either, Stream } from "effect"
import { type ApiKey, ApiKeys, type InstantlyError } from "effect-instantly"
import { printable } from "./terminal.js"

/** All keys of the workspace, or why they cannot be read. */
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

/** One key in a line, without its secret. */
export const describe = (now: DateTime.Utc) => (key: ApiKey.ApiKey) =>
  `${key.id}  "${printable(key.name)}"  ${printable(key.scopes.join(" "))}  ${ageOf(key.createdAt, now)}`

/** Each id with what is known of it, and the workspace above them. */
export const preview = (ids: ReadonlyArray<ApiKey.ApiKeyId>, known: Known) =>
  Effect.map(DateTime.now, (now): ReadonlyArray<string> => {
    if (Either.isLeft(known)) {
      const reason = known.left._tag === "Forbidden" ? "the key to call with lacks api_keys:read" : known.left._tag
      return [`The workspace's keys cannot be listed (${reason}), so these are bare ids:`, ...ids]
    }
    const byId = new Map(known.right.map((key) => [key.id.toLowerCase(), describe(now)(key)]))
    const workspace = known.right[0]?.organizationId ?? "without keys"
    return [`Workspace ${workspace}:`, ...ids.map((id) => byId.get(id.toLowerCase()) ?? `${id}  not in this workspace`)]
  })
