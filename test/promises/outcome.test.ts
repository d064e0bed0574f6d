/**
 * Random histories of calls, each compared with what the double knows to be true: any order and number of attempts that
 * are refused, lost before or after Instantly acted, late or unreadable, or answered by somebody else with any status and
 * body but Instantly's own words; with deadlines and interruptions at any moment, hostile policies, a policy, a gate or a
 * decoder that throws, a gate that closes, a client of the app's that sends again, and others who delete the same key.
 */
import { HttpClient, HttpClientRequest } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, FastCheck, Fiber, Logger, LogLevel, ParseResult, Ref, Schedule, Schema, Scope } from "effect"
import { ApiKeys, InstantlyClient, type InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"
import { Fault, InstantlyMock } from "effect-instantly/testing"
import { histories, isWhole } from "../support/histories.js"
import { simulate } from "../support/simulation.js"

const numRuns = histories(10_000)

// The faults and policies are made while a history is, not while this file loads: mutation testing sees which test runs
// what.
const { array, constant, constantFrom, integer, oneof, option, record } = FastCheck

const envelope = (status: number, error: string) =>
  Fault.respond({ status, body: JSON.stringify({ statusCode: status, error, message: "made-up" }) })

/** What others write in Instantly's place. None of it is in Instantly's envelope, and none of it names the key. */
const anything = record({
  status: oneof(
    constantFrom(
      200,
      201,
      202,
      204,
      302,
      303,
      304,
      400,
      401,
      402,
      403,
      404,
      407,
      408,
      409,
      418,
      451,
      499,
      500,
      502,
      599
    ),
    integer({ min: 200, max: 599 })
  ).filter((status) => status !== 429),
  body: constantFrom(
    "",
    "{}",
    "[]",
    "null",
    "<html>log in</html>",
    "error code: 1010",
    '{"error":"made-up"}',
    '{"id":"00000000-0000-4000-8000-000000000000"}',
    // an envelope that disagrees with its status line
    '{"statusCode":499,"error":"Unauthorized","message":"made-up"}'
  )
})

/** Somebody else answers: before Instantly sees the request, or after it has acted. */
const lie = oneof(
  anything.map((response) => Fault.respond(response)),
  anything.map((response) => Fault.changeResponse(() => ({ headers: {}, ...response })))
)

/** What happens to one attempt; a delay of nothing is none. */
const fault = oneof(
  constant(0).map((millis) => Fault.delayRequest(millis)),
  constantFrom(
    Fault.refuse,
    Fault.loseRequest,
    Fault.loseResponse,
    Fault.cutResponse,
    Fault.swallowRequest,
    Fault.swallowResponse
  ),
  constantFrom(
    () => Fault.changeResponse((response) => ({ ...response, body: "<html>" })),
    () => Fault.delayResponse("2 seconds").pipe(Fault.and(Fault.cutResponse)),
    () => Fault.delayRequest("2 seconds").pipe(Fault.and(Fault.loseResponse))
  ).map((make) => make()),
  lie,
  lie,
  lie,
  constantFrom(429, 503).map((status) => Fault.respond({ status, headers: { "retry-after": "3" } })),
  constantFrom([401, "Unauthorized"] as const, [404, "Not Found"] as const).map(([status, error]) =>
    envelope(status, error)
  ),
  integer({ min: 1, max: 40_000 }).map((millis) => Fault.delayRequest(millis)),
  integer({ min: 1, max: 40_000 }).map((millis) => Fault.delayResponse(millis))
)

const slow = oneof(
  constant<RateLimit.RateLimitPolicy>(Schedule.spaced("1 second")),
  constant(3).map((limit) => RateLimit.quota({ limit, window: "5 seconds" })),
  // ends: from some permit on, none is given any more
  integer({ min: 0, max: 3 }).map((n) => Schedule.intersect(Schedule.spaced("1 second"), Schedule.recurs(n)))
)

const dying = Effect.sync((): never => {
  throw new TypeError("made-up")
})

const Dying = Schema.transformOrFail(Schema.Unknown, Schema.Unknown, {
  strict: true,
  decode: () => dying,
  encode: ParseResult.succeed
})

/** Policies that throw at some step. */
const thrown = integer({ min: 0, max: 3 }).map(
  (n): RetryPolicy.RetryPolicy =>
    Schedule.recurs(5).pipe(Schedule.tapOutput((step) => (step === n ? dying : Effect.void)))
)

/** Policies and the gates they meet: one that would go on for ever meets a slow gate, and a deadline. */
const policies = oneof(
  record({
    retryPolicy: oneof(
      {
        weight: 3,
        arbitrary: constantFrom<RetryPolicy.RetryPolicy>(RetryPolicy.standard, RetryPolicy.none, Schedule.recurs(3))
      },
      { weight: 1, arbitrary: thrown }
    ),
    rateLimit: oneof(constant(RateLimit.instantly), slow),
    deadline: option(integer({ min: 1, max: 60_000 }), { nil: undefined })
  }),
  record({
    retryPolicy: constantFrom<RetryPolicy.RetryPolicy>(Schedule.forever, Schedule.spaced("700 millis")),
    rateLimit: slow,
    deadline: integer({ min: 1, max: 30_000 })
  })
)

const history = record({
  policies,
  faults: array(fault, { maxLength: 6 }),
  timeout: integer({ min: 1, max: 20_000 }),
  interruptAt: option(integer({ min: 0, max: 60_000 }), { freq: 2, nil: undefined }),
  othersDeleteAt: option(integer({ min: 0, max: 30_000 }), { freq: 2, nil: undefined }),
  calls: integer({ min: 1, max: 3 }),
  /** The permit at which the gate throws, once. */
  gateDiesAt: option(integer({ min: 1, max: 8 }), { freq: 2, nil: undefined }),
  /** How often the app's client sends again on its own. */
  sendsAgain: constantFrom(0, 0, 0, 1, 2),
  /** When the gate closes. */
  gateClosesAt: option(integer({ min: 0, max: 30_000 }), { freq: 4, nil: undefined }),
  /** Whether what reads a success throws. */
  decoderDies: constantFrom(false, false, false, true),
  serverLimit: constantFrom(1, 3, 100)
})

type History = typeof history extends FastCheck.Arbitrary<infer A> ? A : never

/** What came back of one request, and so what it may have done: by the table of README, and by nothing else. */
interface Request {
  /** Whether it was refused before it was sent, or by Instantly for its rate. No body is needed to see that. */
  readonly isRefused: boolean
  /** Whether it was never sent. */
  readonly isUnsent: boolean
  readonly isSuccess: boolean
}

/** One call as it was seen from outside. */
interface Seen {
  readonly exit: Exit.Exit<unknown, InstantlyError.InstantlyError>
  readonly requests: ReadonlyArray<Request>
  /** How many requests had left when the call ended. */
  readonly sentAtEnd: number
  /** Whether Instantly carried one of its requests out, at any time. */
  readonly applied: boolean
}

/** Notes what leaves through a client, and what comes back. */
const watching = (requests: Ref.Ref<ReadonlyArray<Request>>) => {
  const open: Request = { isRefused: false, isUnsent: false, isSuccess: false }
  const last = (request: Request) => Ref.update(requests, (all) => [...all.slice(0, -1), request])
  return (client: HttpClient.HttpClient): HttpClient.HttpClient =>
    HttpClient.transform(client, (exchange) =>
      Ref.update(requests, (all) => [...all, open]).pipe(
        Effect.zipRight(exchange),
        Effect.tapBoth({
          onFailure: ({ cause }) => {
            const isUnsent = String(cause).includes("ECONNREFUSED")
            return last({ ...open, isRefused: isUnsent, isUnsent })
          },
          onSuccess: ({ status }) =>
            last({ ...open, isRefused: status === 429, isSuccess: status >= 200 && status < 300 })
        })
      )
    )
}

/** Some calls that delete the same key, through one gate. */
const run = ({ policies: { deadline, rateLimit, retryPolicy }, ...history }: History) =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.make({
      retryAfter: true,
      limits: [{ limit: history.serverLimit, window: "1 second" }],
      faults: history.faults.map((one) => Fault.next(one))
    })
    const caller = yield* mock.createApiKey()
    const leaked = yield* mock.createApiKey()
    const permits = yield* Ref.make(0)
    const gateScope = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const gate = yield* Scope.extend(RateLimit.make(rateLimit), gateScope)
    if (history.gateClosesAt !== undefined) {
      yield* Effect.fork(Effect.delay(Scope.close(gateScope, Exit.void), history.gateClosesAt))
    }
    const counted = RateLimit.RateLimit.of({
      ...gate,
      acquire: Effect.tap(
        gate.acquire,
        Effect.flatMap(
          Ref.updateAndGet(permits, (n) => n + 1),
          (n) => (n === history.gateDiesAt ? dying : Effect.void)
        )
      )
    })

    const call = (name: string) =>
      Effect.gen(function* () {
        const requests = yield* Ref.make<ReadonlyArray<Request>>([])
        const client = yield* InstantlyClient.make({
          apiKey: caller.secret,
          retryPolicy,
          deadline,
          timeout: history.timeout,
          transformClient: (client) =>
            watching(requests)(client).pipe(
              HttpClient.retry({ times: history.sendsAgain }),
              HttpClient.mapRequest(HttpClientRequest.setHeader("x-call", name))
            )
        })
        const apiKeys = yield* Effect.provideService(ApiKeys.make, InstantlyClient.InstantlyClient, client)
        const deletion = history.decoderDies
          ? client.execute(HttpClientRequest.del(`/api/v2/api-keys/${leaked.id}`), Dying)
          : apiKeys.delete(leaked.id)
        const fiber = yield* Effect.fork(deletion)
        if (history.interruptAt !== undefined) {
          yield* Effect.fork(Effect.delay(Fiber.interrupt(fiber), history.interruptAt))
        }
        const exit = yield* Fiber.await(fiber)
        return { name, exit, sentAtEnd: (yield* Ref.get(requests)).length, requests: Ref.get(requests) }
      }).pipe(
        Effect.provideService(RateLimit.RateLimit, counted),
        Effect.provideService(HttpClient.HttpClient, mock.httpClient)
      )

    if (history.othersDeleteAt !== undefined) {
      yield* Effect.fork(Effect.delay(mock.deleteApiKey(leaked.id), history.othersDeleteAt))
    }
    const names = ["a", "b", "c"].slice(0, history.calls)
    const ended = yield* Effect.forEach(names, call, { concurrency: "unbounded" })
    // what is still on its way arrives
    yield* Effect.sleep("5 minutes")
    const arrivals = yield* mock.arrivals
    const seen = yield* Effect.forEach(ended, ({ exit, name, requests, sentAtEnd }) =>
      Effect.map(requests, (requests): Seen => {
        const applied = arrivals.some((arrival) => arrival.applied && arrival.headers["x-call"] === name)
        return { exit, sentAtEnd, requests, applied }
      })
    )
    return { seen, permits: yield* Ref.get(permits) }
    // each policy that dies is a warning
  }).pipe(Effect.scoped, Logger.withMinimumLogLevel(LogLevel.None))

/** What is wrong with a call, by the laws; nothing, it is hoped. */
const violations = ({ applied, exit, requests, sentAtEnd }: Seen, sendsAgain: boolean): ReadonlyArray<string> => {
  const sent = requests.filter(({ isUnsent }) => !isUnsent).length
  const firstSuccess = requests.findIndex(({ isSuccess }) => isSuccess)
  const laws: Array<readonly [law: string, holds: boolean]> = [
    ["nothing leaves after the call has ended or was interrupted", requests.length === sentAtEnd],
    ["a 2xx is never followed by another request", firstSuccess === -1 || firstSuccess === requests.length - 1]
  ]
  if (Exit.isSuccess(exit)) {
    laws.push(["a success means that a request was carried out", applied])
  } else if (exit.cause._tag === "Fail") {
    const { attempts, message, outcome } = exit.cause.error
    laws.push(
      ["NotApplied means that nothing was, or ever will be, carried out", outcome !== "NotApplied" || !applied],
      ["Applied means that a request was carried out", outcome !== "Applied" || applied],
      [
        "a call of which every request was refused is NotApplied",
        outcome === "NotApplied" || requests.some((one) => !one.isRefused)
      ],
      ["the attempts are counted", sendsAgain ? attempts >= sent : attempts === requests.length],
      ["the message names the outcome", message.includes(`outcome ${outcome}`)]
    )
  } else {
    laws.push(["a call ends in a value, an error or an interruption alone", Exit.isInterrupted(exit)])
  }
  return laws.filter(([, holds]) => !holds).map(([law]) => law)
}

describe("the outcome of a call", () => {
  it(`is the truth, in ${numRuns} histories`, async () => {
    const ends = new Map<string, number>()
    await FastCheck.assert(
      FastCheck.asyncProperty(history, async (history) => {
        const exit = await simulate(run(history), "1 hour")
        if (Exit.isFailure(exit)) throw new Error(String(exit.cause))
        const { permits, seen } = exit.value
        for (const call of seen) {
          expect(violations(call, history.sendsAgain > 0).join("; ")).toBe("")
          const end =
            call.exit._tag === "Success"
              ? "Success"
              : call.exit.cause._tag === "Fail"
                ? `${call.exit.cause.error._tag} ${call.exit.cause.error.outcome}`
                : "Interrupted"
          ends.set(end, (ends.get(end) ?? 0) + 1)
        }
        const sent = seen.reduce((all, { requests }) => all + requests.length, 0)
        // each attempt took a permit; one that was given to a call just interrupted, or that the gate died of, is spent
        if (history.sendsAgain === 0) expect(permits).toBeGreaterThanOrEqual(sent)
        expect(permits).toBeLessThanOrEqual(sent + seen.length)
      }),
      { numRuns }
    )
    // the histories are of every kind; a tenth of them may miss a rare one
    if (!isWhole) return
    for (const end of [
      "Success",
      "Interrupted",
      "NotFound NotApplied",
      "NotFound Unknown",
      "InvalidResponse Unknown",
      "UnexpectedStatus Unknown",
      "Unauthorized Unknown",
      "TransportError NotApplied",
      "HeldBack NotApplied",
      "HeldBack Unknown"
    ]) {
      expect(ends.get(end) ?? 0, end).toBeGreaterThan(numRuns / 1000)
    }
  }, 3_600_000)
})
