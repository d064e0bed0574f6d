/** Deletions whose end a test decides, without a client. */
import { Chunk, Effect, Layer, Stream } from "effect"
import { ApiKey, ApiKeys, type InstantlyError, type Revocation } from "effect-instantly"
import { InstantlyMock } from "effect-instantly/testing"

const idOf = (index: number) => ApiKey.ApiKeyId.make(`019e18e2-78d4-7322-941a-${String(index).padStart(12, "0")}`)

/** The first ids, each with its index as its last digits. */
export const ids = (n: number) => Array.from({ length: n }, (_, index) => idOf(index))

export const indexOf = (id: ApiKey.ApiKeyId) => Number(id.slice(-12))

export const upperCase = (id: ApiKey.ApiKeyId) => ApiKey.ApiKeyId.make(id.toUpperCase())

/** Operations of which only the deletion is there. */
export const deleting = (remove: (index: number) => Effect.Effect<unknown, InstantlyError.InstantlyError>) =>
  Layer.mock(ApiKeys.ApiKeys, {
    delete: (id) => Effect.map(remove(indexOf(id)), () => InstantlyMock.apiKey({ id }))
  })

/** The receipts of a run in the order in which they came. */
export const inOrder = <E, R>(run: Stream.Stream<Revocation.Receipt, E, R>) =>
  Effect.map(Stream.runCollect(run), Chunk.toReadonlyArray)

/** The receipts of a run in the order of their ids. */
export const byId = <E, R>(run: Stream.Stream<Revocation.Receipt, E, R>) =>
  Effect.map(inOrder(run), (receipts) => receipts.toSorted((one, other) => (one.id < other.id ? -1 : 1)))

export const tags = (receipts: ReadonlyArray<Revocation.Receipt>) => receipts.map(({ _tag }) => _tag)
