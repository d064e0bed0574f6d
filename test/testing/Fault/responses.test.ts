import { HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Record } from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"

/** The origin of the double. */
class Origin extends Context.Tag("test/Origin")<Origin, string>() {}

const doubles = [
  ["in memory", Layer.merge(InstantlyMock.layer(), Layer.succeed(Origin, "https://api.instantly.ai"))],
  [
    "on a socket",
    Layer.effect(Origin, address).pipe(Layer.provideMerge(served()), Layer.provideMerge(NodeHttpClient.layerUndici))
  ]
] as const

const isAnswered = (by: Fault.Response, when: "before" | "after") =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey()
    const leaked = yield* mock.createApiKey()
    yield* mock.script(Fault.next(when === "before" ? Fault.respond(by) : Fault.changeResponse(() => by)))
    const request = HttpClientRequest.del(`${yield* Origin}/api/v2/api-keys/${leaked.id}`).pipe(
      HttpClientRequest.bearerToken(caller.secret),
      HttpClientRequest.setHeader("user-agent", "test/1.0")
    )
    const response = yield* HttpClient.execute(request)
    expect(response).toMatchObject({ status: by.status, headers: by.headers })
    expect(yield* response.text).toBe(by.body)
    const survives = (yield* mock.apiKeys).some(({ id }) => id === leaked.id)
    expect(survives).toBe(when === "before")
  })

describe.each(doubles)("the double %s", (_, double) => {
  it.live.each(Record.toEntries(Fault.responses))(
    "can be answered for by %s, before it acts or after",
    ([, response]) =>
      Effect.gen(function* () {
        yield* isAnswered(response, "before")
        yield* isAnswered(response, "after")
      }).pipe(Effect.provide(double))
  )
})
