import { HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Schedule, Schema } from "effect"
import { Fault } from "effect-instantly/testing"
import { inVirtualTime } from "../support/virtual.js"
import { withMock } from "../support/withMock.js"

describe("execute", () => {
  it.effect("tells of a lost response that a 404 follows: NotFound, and the outcome is unknown", () =>
    withMock(({ mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.loseResponse))
        const error = yield* Effect.flip(inVirtualTime(remove))
        expect(error).toMatchObject({ _tag: "NotFound", outcome: "Unknown", attempts: 2, waited: Duration.millis(100) })
        expect(error.message).toContain("That attempt may have deleted the key.")
      })
    )
  )

  it.effect.each([
    ["it was cut off or is damaged", () => Fault.cutResponse],
    ["it is not JSON", () => Fault.respond({ status: 200, body: "<html>" })],
    ["it is empty", () => Fault.respond({ status: 204 })]
  ] as const)(
    "never sends again after a 2xx, whatever the policy says, also where its body cannot be read: %s",
    ([detail, fault]) =>
      withMock(
        ({ mock, remove }) =>
          Effect.gen(function* () {
            yield* mock.script(Fault.next(fault()))
            const error = yield* Effect.flip(remove)
            expect(error).toMatchObject({ _tag: "InvalidResponse", outcome: "Applied", attempts: 1 })
            expect(error.message).toContain(detail)
            expect(yield* mock.arrivals).toHaveLength(1)
          }),
        { retryPolicy: Schedule.forever }
      )
  )

  it.effect("never sends a POST again whose outcome is unknown, but one that certainly never left", () =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          const create = HttpClientRequest.post("/api/v2/api-keys").pipe(
            HttpClientRequest.bodyUnsafeJson({ name: "successor", scopes: ["all:all"] }),
            (request) => execute(request, HttpClientResponse.schemaBodyJson(Schema.Struct({ name: Schema.String })))
          )
          yield* mock.script(Fault.times(3, Fault.refuse))
          expect(yield* inVirtualTime(create)).toEqual({ name: "successor" })
          expect(yield* mock.arrivals).toHaveLength(4)
          yield* mock.script(Fault.next(Fault.loseResponse))
          const error = yield* Effect.flip(inVirtualTime(create))
          expect(error).toMatchObject({
            _tag: "TransportError",
            reason: "ConnectionLost",
            outcome: "Unknown",
            attempts: 1
          })
          expect(yield* mock.arrivals).toHaveLength(5)
        }),
      { retryPolicy: Schedule.spaced("1 second") }
    )
  )

  it.effect.each([
    ["GET", 2],
    ["HEAD", 2],
    ["OPTIONS", 2],
    ["PUT", 2],
    ["DELETE", 2],
    ["POST", 1],
    ["PATCH", 1]
  ] as const)("sends a %s whose response is lost %i times", ([method, times]) =>
    withMock(
      ({ execute, mock }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.always(Fault.loseResponse))
          const request = HttpClientRequest.make(method)("/api/v2/api-keys")
          const error = yield* Effect.flip(inVirtualTime(execute(request, () => Effect.void)))
          expect(error).toMatchObject({ _tag: "TransportError", outcome: "Unknown", attempts: times })
          expect(yield* mock.arrivals).toHaveLength(times)
        }),
      { retryPolicy: Schedule.recurs(1) }
    )
  )
})
