/**
 * Where the secrets are: a vault of the app, and never the database of the engine. This one is a directory that all processes
 * see, each secret in a file that only its owner can read, and `current` names the key that the app uses. What it does is
 * right when it is done twice.
 */
import { FileSystem, Path } from "@effect/platform"
import { Config, Context, Data, Effect, Layer, Redacted } from "effect"
import type { ApiKey } from "effect-instantly"

export class VaultError extends Data.TaggedError("VaultError")<{ readonly message: string }> {}

export class Vault extends Context.Tag("examples/durable/Vault")<
  Vault,
  {
    readonly store: (key: ApiKey.ApiKey) => Effect.Effect<void, VaultError>
    readonly secretOf: (id: ApiKey.ApiKeyId) => Effect.Effect<Redacted.Redacted, VaultError>
    /** Hands a key over to the app. If it fails, the app uses the key that it used before. */
    readonly use: (id: ApiKey.ApiKeyId) => Effect.Effect<void, VaultError>
    readonly forget: (id: ApiKey.ApiKeyId) => Effect.Effect<void, VaultError>
  }
>() {}

/** The directory is named by `VAULT`. */
export const VaultLive = Layer.effect(
  Vault,
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* Config.nonEmptyString("VAULT")
    const file = (name: string) => path.join(directory, name)

    /** Writes a draft and renames it: the file holds all of it, or what it held before. */
    const write = (name: string, text: string) =>
      fs
        .writeFileString(file(`${name}.draft`), `${text}\n`, { mode: 0o600 })
        .pipe(Effect.zipRight(fs.rename(file(`${name}.draft`), file(name))))

    /** The error of the platform names files, and no more than that is needed. */
    const orFail = <A, E>(what: string, effect: Effect.Effect<A, E>) =>
      Effect.mapError(effect, () => new VaultError({ message: `the vault could not ${what}` }))

    return {
      store: ({ id, key }) => orFail(`store the secret of ${id}`, write(id, Redacted.value(key))),
      secretOf: (id) =>
        orFail(
          `read the secret of ${id}`,
          Effect.map(fs.readFileString(file(id)), (text) => Redacted.make(text.trim()))
        ),
      use: (id) => orFail(`hand over ${id}`, write("current", id)),
      forget: (id) =>
        orFail(
          `forget the secret of ${id}`,
          Effect.forEach([id, `${id}.draft`], (name) => fs.remove(file(name), { force: true }), { discard: true })
        )
    }
  })
)
