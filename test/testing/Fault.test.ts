import { HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import {
  Cause,
  Clock,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  LogLevel,
  Option,
  Random,
  Schedule,
  TestClock,
  TestContext
} from "effect"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../examples/embedded/served.js"
import { inVirtualTime } from "../support/virtual.js"

/** A double with a key to call with, and what a DELETE of another one gives: its status, or how it failed. */
const withDouble = <A, E>(
  body: (test: {
    readonly mock: InstantlyMock.Service
    readonly leaked: InstantlyMock.CreatedApiKey
    readonly remove: Effect.Effect<string>
    readonly list: Effect.Effect<string>
  }) => Effect.Effect<A, E>,
  options?: InstantlyMock.Options
) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const caller = yield* mock.createApiKey()
    const leaked = yield* mock.createApiKey()
    const client = yield* HttpClient.HttpClient
    const send = (request: HttpClientRequest.HttpClientRequest) =>
      request.pipe(
        HttpClientRequest.bearerToken(caller.secret),
        HttpClientRequest.setHeader("user-agent", "test/1.0"),
        client.execute,
        Effect.flatMap((response) => Effect.as(response.text, String(response.status))),
        Effect.catchTags({
          RequestError: ({ cause }) => Effect.succeed(`${cause}`),
          ResponseError: ({ reason, response }) => Effect.succeed(`${response.status} ${reason}`)
        })
      )
    return yield* body({
      mock,
      leaked,
      remove: send(HttpClientRequest.del(`https://api.instantly.ai/api/v2/api-keys/${leaked.id}`)),
      list: send(HttpClientRequest.get("https://api.instantly.ai/api/v2/api-keys"))
    })
  }).pipe(Effect.provide(InstantlyMock.layer(options)))

const isThere = (mock: InstantlyMock.Service, key: InstantlyMock.CreatedApiKey) =>
  Effect.map(mock.apiKeys, (keys) => keys.some(({ id }) => id === key.id))

describe("a fault", () => {
  it.effect.each([
    ["refuse", () => Fault.refuse, "Error: connect ECONNREFUSED", true],
    ["loseRequest", () => Fault.loseRequest, "Error: socket hang up", true],
    ["loseResponse", () => Fault.loseResponse, "Error: socket hang up", false],
    ["cutResponse", () => Fault.cutResponse, "200 Decode", false],
    ["respond", () => Fault.respond({ status: 418, body: "made-up" }), "418", true],
    ["changeResponse", () => Fault.changeResponse((response) => ({ ...response, status: 201 })), "201", false]
  ] as const)("%s does to an exchange what its name says", ([name, fault, gives, survives]) =>
    withDouble(({ leaked, mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(fault()))
        expect(yield* remove).toBe(gives)
        expect(yield* isThere(mock, leaked)).toBe(survives)
        const [arrival] = yield* mock.arrivals
        expect(arrival?.fault).toEqual(Option.some(name === "respond" ? "respond 418" : name))
        expect(arrival?.applied).toBe(!survives)
      })
    )
  )

  it.effect.each([
    ["swallowRequest", Fault.swallowRequest, true],
    ["swallowResponse", Fault.swallowResponse, false]
  ] as const)("%s never gives a response", ([, fault, survives]) =>
    withDouble(({ leaked, mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(fault))
        const fiber = yield* Effect.fork(remove)
        yield* TestClock.adjust("1 day")
        expect(Option.isNone(yield* Fiber.poll(fiber))).toBe(true)
        expect(yield* isThere(mock, leaked)).toBe(survives)
      })
    )
  )

  it.effect("delays a request before the server acts, or the response after", () =>
    withDouble(({ leaked, mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.delayRequest("10 seconds")))
        const fiber = yield* Effect.fork(remove)
        yield* TestClock.adjust("9 seconds")
        expect(yield* isThere(mock, leaked)).toBe(true)
        yield* TestClock.adjust("1 second")
        expect(yield* Fiber.join(fiber)).toBe("200")

        yield* mock.script(Fault.next(Fault.delayResponse("10 seconds")))
        const again = yield* Effect.fork(remove)
        yield* TestClock.adjust("9 seconds")
        expect((yield* mock.arrivals).at(-1)?.reason).toBe("already deleted")
        expect(Option.isNone(yield* Fiber.poll(again))).toBe(true)
        yield* TestClock.adjust("1 second")
        expect(yield* Fiber.join(again)).toBe("404")
      })
    )
  )

  it.effect("delays by a distribution, drawn from the double's seed, or by a schedule", () =>
    withDouble(({ list, mock }) =>
      Effect.gen(function* () {
        const took = Effect.gen(function* () {
          const start = yield* Clock.currentTimeMillis
          yield* list
          return (yield* Clock.currentTimeMillis) - start
        })
        const uniform = Effect.map(Random.nextIntBetween(100, 200), Duration.millis)
        yield* mock.script(
          Fault.times(3, Fault.delayRequest(uniform)),
          Fault.always(Fault.delayRequest(Schedule.exponential("1 second")))
        )
        const drawn = [yield* inVirtualTime(took), yield* inVirtualTime(took), yield* inVirtualTime(took)]
        expect(drawn.every((millis) => millis >= 100 && millis < 200)).toBe(true)
        expect(new Set(drawn).size).toBeGreaterThan(1)
        expect([yield* inVirtualTime(took), yield* inVirtualTime(took), yield* inVirtualTime(took)]).toEqual([
          1000, 2000, 4000
        ])
      })
    )
  )

  it.effect("that breaks a connection is not logged", () =>
    Effect.gen(function* () {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => logged.push(message))
      yield* withDouble(({ mock, remove }) =>
        Effect.gen(function* () {
          yield* mock.script(Fault.next(Fault.loseResponse))
          expect(yield* remove).toBe("Error: socket hang up")
        })
      ).pipe(Logger.withMinimumLogLevel(LogLevel.All), Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      expect(logged).toEqual([])
    })
  )

  it.effect("composes with another, the first one nearer to the client", () =>
    withDouble(({ leaked, mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.delayRequest("5 seconds").pipe(Fault.and(Fault.loseResponse))))
        const fiber = yield* Effect.fork(remove)
        yield* TestClock.adjust("4 seconds")
        expect(yield* isThere(mock, leaked)).toBe(true)
        yield* TestClock.adjust("1 second")
        expect(yield* Fiber.join(fiber)).toBe("Error: socket hang up")
        expect(yield* isThere(mock, leaked)).toBe(false)
        expect((yield* mock.arrivals)[0]?.fault).toEqual(Option.some("delayRequest and loseResponse"))
      })
    )
  )

  it.effect("lets a later request overtake, and the double lists them in the order in which they were sent", () =>
    withDouble(({ list, mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.delayRequest("5 seconds")))
        const start = yield* Clock.currentTimeMillis
        yield* inVirtualTime(Effect.all([remove, Effect.delay(list, "1 second")], { concurrency: 2 }))
        expect((yield* mock.arrivals).map(({ at, method }) => [method, at - start])).toEqual([
          ["DELETE", 5000],
          ["GET", 1000]
        ])
      })
    )
  )

  it.effect("happens at the server even when its client no longer waits", () =>
    withDouble(({ leaked, mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(Fault.delayRequest("20 seconds")))
        const fiber = yield* Effect.fork(remove)
        yield* TestClock.adjust("10 seconds")
        expect(Exit.isFailure(yield* Fiber.interrupt(fiber))).toBe(true)
        expect(yield* isThere(mock, leaked)).toBe(true)
        yield* TestClock.adjust("10 seconds")
        expect(yield* isThere(mock, leaked)).toBe(false)
      })
    )
  )
})

describe("on a socket", () => {
  it.live.each([
    ["refuse", () => Fault.refuse, "lost", true],
    ["loseRequest", () => Fault.loseRequest, "lost", true],
    ["loseResponse", () => Fault.loseResponse, "lost", false],
    ["cutResponse", () => Fault.cutResponse, "200, and half of its body", false],
    [
      "respond",
      () => Fault.respond({ status: 418, body: new Uint8Array([109]), headers: { "x-made": "up" } }),
      "418 m",
      true
    ]
  ] as const)("%s breaks the exchange for real", ([, fault, gives, survives]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const { secret } = yield* mock.createApiKey()
      const leaked = yield* mock.createApiKey()
      yield* mock.script(Fault.next(fault()))
      const given = yield* Effect.flatMap(address, (origin) =>
        HttpClientRequest.del(`${origin}/api/v2/api-keys/${leaked.id}`).pipe(
          HttpClientRequest.bearerToken(secret),
          HttpClientRequest.setHeader("user-agent", "test/1.0"),
          HttpClient.execute,
          Effect.flatMap((response) =>
            Effect.match(response.text, {
              onFailure: () => (response.status === 200 ? "200, and half of its body" : "lost"),
              onSuccess: (text) => `${response.status} ${text}`
            })
          ),
          Effect.catchAll(() => Effect.succeed("lost"))
        )
      )
      expect(given).toBe(gives)
      expect(yield* isThere(mock, leaked)).toBe(survives)
    }).pipe(Effect.provide(served()), Effect.provide(NodeHttpClient.layerUndici))
  )
})

describe("a script", () => {
  const respond = (status: number) => Fault.respond({ status })

  it.effect.each([
    ["the next request", () => [Fault.next(respond(500))], ["500", "200", "200", "200"]],
    [
      "the next two, in their order",
      () => [Fault.next(respond(500)), Fault.next(respond(501))],
      ["500", "501", "200", "200"]
    ],
    ["the n-th", () => [Fault.nth(3, respond(500))], ["200", "200", "500", "200"]],
    ["the next n", () => [Fault.times(2, respond(500))], ["500", "500", "200", "200"]],
    ["none of the next 0", () => [Fault.times(0, respond(500))], ["200", "200", "200", "200"]],
    ["all", () => [Fault.always(respond(500))], ["500", "500", "500", "500"]],
    [
      "all that no other takes",
      () => [Fault.next(respond(501)), Fault.always(respond(500))],
      ["501", "500", "500", "500"]
    ],
    ["all after the first n", () => [Fault.after(2, Fault.always(respond(500)))], ["200", "200", "500", "500"]],
    [
      "some after the first n that no other takes",
      () => [Fault.next(respond(501)), Fault.after(1, Fault.times(1, respond(500)))],
      ["501", "200", "500", "200"]
    ],
    [
      "the first n that another leaves",
      () => [Fault.after(2, Fault.always(respond(500))), Fault.always(respond(501))],
      ["501", "501", "500", "500"]
    ],
    ["none at the rate 0", () => [Fault.atRate(0, respond(500))], ["200", "200", "200", "200"]],
    ["all at the rate 1", () => [Fault.atRate(1, respond(500))], ["500", "500", "500", "500"]]
  ] as const)("happens to %s", ([, scripts, statuses]) =>
    withDouble(
      ({ list }) =>
        Effect.gen(function* () {
          expect(yield* Effect.replicateEffect(list, 4)).toEqual(statuses)
        }),
      { faults: scripts() }
    )
  )

  it.effect("happens to the requests for an id", () =>
    withDouble(({ leaked, list, mock, remove }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.forId(leaked.id, respond(500)))
        expect([yield* list, yield* remove, yield* list, yield* remove]).toEqual(["200", "500", "200", "500"])
      })
    )
  )

  it.effect("happens at about the rate it is given", () =>
    withDouble(
      ({ list }) =>
        Effect.gen(function* () {
          const statuses = yield* Effect.replicateEffect(list, 1000)
          const failed = statuses.filter((status) => status === "500").length
          expect(failed).toBeGreaterThan(250)
          expect(failed).toBeLessThan(350)
        }),
      { faults: [Fault.atRate(0.3, respond(500))], limits: [] }
    )
  )

  it("with a number that makes no sense is refused where it is made", () => {
    const whole = (least: number) => `n must be a whole number of at least ${least}`
    for (const [make, message] of [
      [() => Fault.nth(0, Fault.refuse), `Fault.nth: ${whole(1)}, not 0`],
      [() => Fault.nth(1.5, Fault.refuse), `Fault.nth: ${whole(1)}, not 1.5`],
      [() => Fault.nth(Number.POSITIVE_INFINITY, Fault.refuse), `Fault.nth: ${whole(1)}, not Infinity`],
      [() => Fault.times(-1, Fault.refuse), `Fault.times: ${whole(0)}, not -1`],
      [() => Fault.times(0.5, Fault.refuse), `Fault.times: ${whole(0)}, not 0.5`],
      [() => Fault.times(Number.NaN, Fault.refuse), `Fault.times: ${whole(0)}, not NaN`],
      [() => Fault.after(-1, Fault.next(Fault.refuse)), `Fault.after: ${whole(0)}, not -1`],
      [() => Fault.after(0.5, Fault.next(Fault.refuse)), `Fault.after: ${whole(0)}, not 0.5`],
      [() => Fault.atRate(Number.NaN, Fault.refuse), "Fault.atRate: rate must be from 0 to 1, not NaN"],
      [() => Fault.atRate(2, Fault.refuse), "Fault.atRate: rate must be from 0 to 1, not 2"],
      [() => Fault.atRate(-0.1, Fault.refuse), "Fault.atRate: rate must be from 0 to 1, not -0.1"],
      [() => Fault.delayRequest(-1), "Fault.delayRequest must be a duration that is not negative, not -1"],
      [
        () => Fault.delayResponse("-5 seconds"),
        'Fault.delayResponse must be a duration that is not negative, not "-5 seconds"'
      ]
    ] as const) {
      expect(make).toThrow(new RangeError(message))
    }
  })

  const neverAfter = (earlier: string) =>
    new RangeError(
      `The script "next loseRequest" could never happen: "${earlier}" was added before it and takes every request. Add it before that one, or combine the two faults with Fault.and.`
    )
  const defectOf = (effect: Effect.Effect<unknown>) =>
    effect.pipe(Effect.sandbox, Effect.flip, Effect.map(Cause.squash))

  it.effect.each([
    ["always respond 500", () => Fault.always(respond(500))],
    ["atRate 1 respond 500", () => Fault.atRate(1, respond(500))],
    ["after 0 always respond 500", () => Fault.after(0, Fault.always(respond(500)))]
  ] as const)("that could never happen is refused where it is added: after %s", ([name, takesAll]) =>
    withDouble(({ list, mock }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.next(respond(501)), takesAll())
        expect(yield* defectOf(mock.script(Fault.next(Fault.loseRequest)))).toEqual(neverAfter(name))
        // the earlier scripts are still there
        expect([yield* list, yield* list, yield* list]).toEqual(["501", "500", "500"])
      })
    )
  )

  it.effect("that could never happen is refused among those from the start, too", () =>
    Effect.gen(function* () {
      const faults = [Fault.always(respond(500)), Fault.next(Fault.loseRequest)]
      expect(yield* defectOf(Effect.scoped(InstantlyMock.make({ faults })))).toEqual(neverAfter("always respond 500"))
      expect(yield* defectOf(Effect.scoped(Layer.build(InstantlyMock.layer({ faults }))))).toEqual(
        neverAfter("always respond 500")
      )
    })
  )

  it.effect("may follow scripts that leave some requests to it", () =>
    withDouble(({ list, mock }) =>
      Effect.gen(function* () {
        yield* mock.script(Fault.times(2, respond(500)), Fault.atRate(0, respond(501)))
        yield* mock.script(Fault.forId("made-up", respond(502)), Fault.next(respond(503)))
        expect(yield* Effect.replicateEffect(list, 4)).toEqual(["500", "500", "503", "200"])
      })
    )
  )

  it.effect("counts from where it begins", () =>
    withDouble(({ list, mock }) =>
      Effect.gen(function* () {
        yield* list
        yield* mock.script(Fault.nth(2, respond(500)))
        expect([yield* list, yield* list, yield* list]).toEqual(["200", "500", "200"])
      })
    )
  )
})

it.effect("two runs with the same seed and script give the same log, byte for byte; another seed gives another", () =>
  Effect.gen(function* () {
    const run = (seed: number) =>
      inVirtualTime(
        withDouble(
          ({ list, mock, remove }) =>
            Effect.gen(function* () {
              yield* Effect.forEach([...Array(30).keys()], (n) => (n % 7 === 3 ? remove : list), { concurrency: 5 })
              return JSON.stringify(yield* mock.arrivals)
            }),
          {
            seed,
            faults: [
              Fault.atRate(0.2, Fault.loseResponse),
              Fault.atRate(0.2, Fault.delayRequest(Effect.map(Random.nextIntBetween(1, 50), Duration.millis))),
              Fault.atRate(0.1, Fault.cutResponse)
            ]
          }
        )
      )
    // each run has a clock of its own, which begins at the same time
    const fresh = (seed: number) =>
      Effect.provide(run(seed), TestContext.TestContext).pipe(
        // without the trace headers of the platform's client, whose ids are random
        Effect.withTracerEnabled(false)
      )
    const [first, second, other] = [yield* fresh(7), yield* fresh(7), yield* fresh(8)]
    expect(first).toContain("loseResponse")
    expect(second === first).toBe(true)
    expect(other === first).toBe(false)
  })
)

describe("a response", () => {
  it.each([199, 600, 200.5, Number.NaN])("has no status %s, which is refused where it is made", (status) => {
    expect(() => Fault.respond({ status })).toThrow(
      new RangeError(`Fault.respond: status must be from 200 to 599, not ${status}`)
    )
  })

  it.effect.each([
    [200, "made-up"],
    [599, "made-up"],
    [204, ""],
    [205, ""],
    [304, ""]
  ] as const)("of status %i has its headers, and its body where there can be one", ([status, text]) =>
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get("https://api.instantly.ai/")
      expect(response.status).toBe(status)
      expect(response.headers["x-made"]).toBe("up")
      expect(yield* response.text).toBe(text)
    }).pipe(
      Effect.provide(
        Effect.succeed(Fault.respond({ status, body: "made-up", headers: { "x-made": "up" } })).pipe(
          Effect.map((fault) => InstantlyMock.layer({ faults: [Fault.always(fault)] })),
          Layer.unwrapEffect
        )
      )
    )
  )
})

it.effect("a body that is not JSON is a defect that says so", () =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const request = HttpClientRequest.post("https://api.instantly.ai/", {}).pipe(
      HttpClientRequest.bodyFormData(new FormData())
    )
    const exit = yield* Effect.exit(client.execute(request))
    expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain("InstantlyMock cannot read a FormData body")
  }).pipe(Effect.provide(InstantlyMock.layer()))
)
