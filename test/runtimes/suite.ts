/**
 * What is done on every runtime: calls to the servers of a plan, told as plain JSON. It needs nothing but the library,
 * Effect and Fetch; which `HttpClient` sends, and what the results have to be, is left to others.
 */
import type { HttpClient } from "@effect/platform"
import { Deferred, Effect, Fiber, Layer, Option, Record, Redacted, Tracer } from "effect"
import { ApiKey, ApiKeys, Instantly, type InstantlyError, RateLimit, RetryPolicy } from "effect-instantly"

/** A server, a made-up key to call it with, and the key to delete. */
export interface Target {
  readonly origin: string
  readonly secret: string
  readonly id: string
}

export interface Plan {
  readonly present: Target
  readonly missing: Target
  /** Responds 429 once, and asks for a second. */
  readonly throttled: Target
  /** Deletes the key, and never responds. */
  readonly silent: Target
  /** Deletes the key, and loses the response. */
  readonly lossy: Target
  /** Never responds, and says at two other addresses when a request has arrived and when its connection is closed. */
  readonly watched: Target & { readonly arrived: string; readonly closed: string }
  /** Responds 404 with the request id `req-kept` on a connection that it has used before; loses requests for `lost`. */
  readonly keeping: Target & { readonly lost: string }
  /** The same, but it no longer listens from the lost request on. */
  readonly leaving: Target & { readonly lost: string }
  /** Servers that send no response, by what they do instead. */
  readonly failing: Readonly<Record<string, Target>>
  /** Servers that send more than anybody reads, by what they send; another address says when the connection is closed. */
  readonly hostile: Readonly<Record<string, Target & { readonly closed: string }>>
}

/** An error, as far as it concerns a runtime. */
export interface Failed {
  readonly tag: string
  readonly outcome: string
  readonly attempts: number
  readonly reason?: string
  readonly detail?: string
}

/** What a call's span says at its end. */
export type Ended = Readonly<Record<string, unknown>>

export interface Results {
  readonly present: string
  readonly missing: Failed
  readonly throttled: { readonly name: string; readonly span: Ended }
  readonly silent: Failed
  readonly lossy: Failed
  readonly watched: { readonly span: Ended; readonly closed: string }
  readonly keeping: { readonly kept: boolean; readonly lost: Failed }
  readonly leaving: { readonly kept: boolean; readonly lost: Failed }
  readonly failing: Readonly<Record<string, Failed>>
  readonly hostile: Readonly<Record<string, { readonly error: Failed; readonly closed: string }>>
}

const fieldsOf = (error: InstantlyError.InstantlyError): Failed => ({
  tag: error._tag,
  outcome: error.outcome,
  attempts: error.attempts,
  ...(error._tag === "TransportError" ? { reason: error.reason, detail: error.detail } : {}),
  ...(error._tag === "InvalidResponse" ? { detail: error.detail } : {})
})

const deletion = ({ id, origin, secret }: Target, options: Partial<Instantly.Options> = {}) =>
  Effect.flatMap(ApiKeys.ApiKeys, (apiKeys) => apiKeys.delete(ApiKey.ApiKeyId.make(id))).pipe(
    Effect.provide(Layer.orDie(Instantly.layer({ apiKey: Redacted.make(secret), baseUrl: origin, ...options })))
  )

const once = { retryPolicy: RetryPolicy.none, rateLimit: RateLimit.unlimited, timeout: "10 seconds" } as const

const errorOf = (target: Target, options?: Partial<Instantly.Options>) =>
  Effect.map(Effect.flip(deletion(target, options)), fieldsOf)

const text = (url: string) => Effect.promise(() => fetch(url).then((response) => response.text()))

/** Runs an effect, and gives what the span of its one call says at its end. */
const withSpan = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const native = yield* Effect.tracer
    const attributes = new Map<string, unknown>()
    const tracer = Tracer.make({
      context: native.context,
      span: (...args) => {
        const span = native.span(...args)
        const attribute = span.attribute.bind(span)
        span.attribute = (key, value) => {
          attributes.set(key, value)
          attribute(key, value)
        }
        return span
      }
    })
    const result = yield* Effect.withTracer(effect, tracer)
    return { result, span: Object.fromEntries(attributes) }
  })

/** Interrupts a call whose request has arrived, and waits until the server sees it go. */
const interrupted = (target: Plan["watched"]) =>
  Effect.gen(function* () {
    const gone = yield* Deferred.make<void>()
    const { span } = yield* withSpan(
      Effect.gen(function* () {
        const call = yield* Effect.fork(Effect.ensuring(deletion(target, once), Deferred.succeed(gone, undefined)))
        yield* text(target.arrived)
        yield* Fiber.interrupt(call)
        yield* Deferred.await(gone)
      })
    )
    return { span, closed: yield* text(target.closed) }
  })

/** Calls until a connection is used for the second time, if one ever is, and then loses a request. */
const onKeptConnection = (target: Plan["keeping"]) =>
  Effect.gen(function* () {
    const { requestId } = yield* Effect.flip(deletion(target, once)).pipe(
      Effect.repeat({ times: 19, until: (error) => Option.contains(error.requestId, "req-kept") })
    )
    return {
      kept: Option.contains(requestId, "req-kept"),
      lost: yield* errorOf({ ...target, id: target.lost }, once)
    }
  })

export const run = (plan: Plan) =>
  Effect.gen(function* () {
    const { result, span } = yield* withSpan(deletion(plan.throttled))
    return {
      present: (yield* deletion(plan.present)).name,
      missing: yield* errorOf(plan.missing),
      throttled: { name: result.name, span },
      silent: yield* errorOf(plan.silent, { ...once, timeout: "500 millis" }),
      lossy: yield* errorOf(plan.lossy),
      watched: yield* interrupted(plan.watched),
      keeping: yield* onKeptConnection(plan.keeping),
      leaving: yield* onKeptConnection(plan.leaving),
      failing: yield* Effect.all(Record.map(plan.failing, (target) => errorOf(target, once))),
      hostile: yield* Effect.all(
        Record.map(plan.hostile, (target) => Effect.all({ error: errorOf(target, once), closed: text(target.closed) }))
      )
    } satisfies Results
  })

/** The suite on a runtime that keeps its promise: what fails is thrown. */
export const runWith = (client: Layer.Layer<HttpClient.HttpClient>, plan: Plan): Promise<Results> =>
  Effect.runPromise(Effect.provide(run(plan), Layer.fresh(client)))
