/**
 * The rotation of a key as a workflow: exactly one successor, and the old key is gone, whatever process dies. At every moment
 * the old key works, or the app has been given a successor that does. The report is that of `../rotation`.
 *
 * Each step begins by looking at what an earlier run of it may have left. A secret is never the result of a step, so a key is
 * created and stored in the vault in one step: if the process dies in between, nobody has the secret, and the next run
 * deletes the key, which it finds by its name.
 */
import { HttpClientRequest } from "@effect/platform"
import { Activity, Workflow } from "@effect/workflow"
import { Data, type Duration, Effect, Schedule, Schema, Stream } from "effect"
import { ApiKey, ApiKeys, InstantlyClient, InstantlyError } from "effect-instantly"
import { type DatabaseError, Guard, type Superseded } from "../fence.js"
import { type Leftover, type Old, Report } from "../rotation/report.js"
import { beginPass } from "./pass.js"
import { Vault, type VaultError } from "./vault.js"

export const Rotate = Workflow.make({
  name: "Rotate",
  payload: {
    /** The name of the run, which becomes part of the successor's. The same name again is the same run: it gives the same report. */
    run: Schema.NonEmptyString,
    /** The key to replace. Its secret is in the vault. It is not the key that this program authenticates with. */
    old: ApiKey.ApiKeyId
  },
  success: Report,
  idempotencyKey: ({ old, run }) => `${old} ${run}`
})

class NotYet extends Data.TaggedError("NotYet")<{ readonly message: string }> {}

class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

type StepError = InstantlyError.InstantlyError | VaultError | DatabaseError | Superseded | NotYet | Refused

const mayPass = (error: StepError) => {
  if (InstantlyError.isInstantlyError(error)) return error.isRetryable
  return error._tag !== "Refused" && error._tag !== "Superseded"
}

/** The vault is changed by the latest pass alone, as Instantly is. */
const HeldVault = Effect.zipRight(Effect.flatten(Guard), Vault)

const Successor = Schema.Struct({ name: Schema.String, scopes: Schema.Array(ApiKey.Scope) })

/** The run is named at its end, in place of an earlier run. Whatever else is in the name stays. */
const successorName = (old: string, run: string) => `${old.replace(/ \(rotation .*\)$/s, "")} (rotation ${run})`

/** Every step of one rotation. `patience` is how long a step tries what may still pass. */
const stepsOf = (
  { old, run }: typeof Rotate.payloadSchema.Type,
  patience: Duration.DurationInput,
  inPass: Effect.Effect.Success<ReturnType<typeof beginPass>>
) => {
  const patiently = <A, I, R>(what: string, success: Schema.Schema<A, I>, execute: Effect.Effect<A, StepError, R>) => {
    const name = `${what} (rotation ${run} of ${old})`
    return Activity.make({
      name,
      success,
      error: Schema.String,
      execute: inPass(name, () =>
        execute.pipe(
          Effect.retry({ while: mayPass, schedule: Schedule.upTo(Schedule.spaced("1 second"), patience) }),
          Effect.mapError(({ message }) => message)
        )
      )
    })
  }

  /** Deletes all keys with the successor's name but one, and what the vault has of them. */
  const deleteLeftovers = (name: string, successor?: ApiKey.ApiKeyId) =>
    ApiKeys.list().pipe(
      Stream.filter((key) => key.name === name && key.id !== successor && key.id !== old),
      Stream.runForEach(({ id }) =>
        ApiKeys.delete(id).pipe(
          Effect.catchTag("NotFound", () => Effect.void),
          Effect.zipRight(Effect.flatMap(HeldVault, (vault) => vault.forget(id)))
        )
      )
    )

  const isAccepted = (id: ApiKey.ApiKeyId) =>
    Effect.flatMap(
      Effect.flatMap(Vault, (vault) => vault.secretOf(id)),
      ApiKeys.isActive
    )

  return {
    /** The successor's name is new: whatever has it later was made by this run. */
    plan: patiently(
      "plan the successor",
      Successor,
      Effect.gen(function* () {
        const keys = yield* Stream.runCollect(ApiKeys.list())
        const found = [...keys].find(({ id }) => id.toLowerCase() === old.toLowerCase())
        if (found === undefined) return yield* new Refused({ message: "the key was not found in its workspace" })
        const name = successorName(found.name, run)
        if ([...keys].some((key) => key.name === name)) {
          return yield* new Refused({ message: "another key has the name that the successor would have" })
        }
        return { name, scopes: found.scopes }
      })
    ),

    create: ({ name, scopes }: typeof Successor.Type) =>
      patiently(
        "create the successor",
        ApiKey.ApiKeyId,
        Effect.gen(function* () {
          const client = yield* InstantlyClient.InstantlyClient
          yield* deleteLeftovers(name)
          const key = yield* client.execute(
            HttpClientRequest.post("/api/v2/api-keys").pipe(HttpClientRequest.bodyUnsafeJson({ name, scopes })),
            ApiKey.ApiKey
          )
          yield* Effect.flatMap(HeldVault, (vault) => vault.store(key))
          return key.id
        })
      ),

    /** A creation that arrived late, or that the list did not show yet, is deleted here. */
    check: (name: string, successor: ApiKey.ApiKeyId) =>
      patiently(
        "check the successor",
        Schema.Void,
        isAccepted(successor).pipe(
          Effect.filterOrFail(
            (accepted) => accepted,
            () => new NotYet({ message: "Instantly refuses the successor" })
          ),
          Effect.zipRight(deleteLeftovers(name, successor))
        )
      ),

    handOver: (successor: ApiKey.ApiKeyId) =>
      patiently(
        "hand over the successor",
        Schema.Void,
        Effect.flatMap(HeldVault, (vault) => vault.use(successor))
      ),

    /** A 404 may be the work of an earlier run of this step. Whether Instantly still accepts the key will show that. */
    deleteOld: patiently(
      "delete the old key",
      Schema.Literal("MayBeGone", "Deleted"),
      ApiKeys.delete(old).pipe(
        Effect.as("Deleted" as const),
        Effect.catchAll((error) =>
          error.outcome === "Applied"
            ? Effect.succeed("Deleted" as const)
            : error._tag === "NotFound" || error.outcome === "Unknown"
              ? Effect.succeed("MayBeGone" as const)
              : Effect.fail(error)
        )
      )
    ),

    confirm: patiently(
      "confirm that the old key is refused",
      Schema.Void,
      isAccepted(old).pipe(
        Effect.filterOrFail(
          (accepted) => !accepted,
          () => new NotYet({ message: "Instantly still accepts the old key" })
        ),
        Effect.asVoid
      )
    ),

    forget: patiently(
      "forget the old key",
      Schema.Void,
      Effect.flatMap(HeldVault, (vault) => vault.forget(old))
    ),

    cleanUp: (name: string) => patiently("clean up", Schema.Void, deleteLeftovers(name))
  }
}

export interface Options {
  /** How long Instantly may be away, take to accept the new key, and to refuse the old one. */
  readonly patience: Duration.DurationInput
}

export const layer = ({ patience }: Options) =>
  Rotate.toLayer((payload) => {
    const notRotated = (because: string, leftover: Leftover): Report => ({ _tag: "NotRotated", because, leftover })

    return Effect.gen(function* () {
      const inPass = yield* beginPass(`rotation ${payload.run} of ${payload.old}`)
      const { check, cleanUp, confirm, create, deleteOld, forget, handOver, plan } = stepsOf(payload, patience, inPass)
      const wanted = yield* Effect.mapError(plan, (because) => notRotated(because, { _tag: "None" }))

      const successor = yield* create(wanted).pipe(
        Effect.tap((id) => check(wanted.name, id)),
        Effect.tap(handOver),
        Effect.catchAll((because) =>
          Effect.flatMap(
            Effect.match(cleanUp(wanted.name), {
              onSuccess: () => notRotated(because, { _tag: "None" }),
              onFailure: () => notRotated(because, { _tag: "Named", name: wanted.name })
            }),
            Effect.fail
          )
        )
      )

      const handedOver =
        (old: Old) =>
        (because: string): Report => ({
          _tag: "HandedOver",
          successor,
          old,
          oldId: payload.old,
          because
        })
      const old = yield* Effect.mapError(deleteOld, handedOver("Works"))
      yield* Effect.mapError(Effect.zipRight(confirm, forget), handedOver(old))
      return { _tag: "Rotated", successor } as const
    }).pipe(Effect.merge)
  })
