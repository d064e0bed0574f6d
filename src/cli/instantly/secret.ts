/** A secret as people paste it, the text around it, and what its shape shows. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { askHidden, canAsk, say } from "../terminal/terminal.js"
import { usage } from "../usage/exit.js"
import { secretOnStdin } from "../usage/input.js"

/** A text, if every part of it that is percent-encoded can be decoded. */
const percentDecoded = (text: string) => Either.getOrElse(Encoding.decodeUriComponent(text), () => text)

const withoutStart = (start: RegExp) => (text: string) => text.replace(start, "")

/** A `curl` command, and in it the header or the address with the secret. */
const command =
  /^curl\s.*?(authorization\s*:\s*bearer\s+[^\s"'\\]+|x-instantly-api-key\s*:\s*[^\s"'\\]+|https?:\/\/[^/\s]+\/mcp\/[^\s"'\\]+)/is

/** What people paste together with a secret, from the outside in. */
const around: ReadonlyArray<readonly [what: string, without: (text: string) => string]> = [
  ["the curl command", (text) => command.exec(text)?.[1] ?? text],
  ["export", withoutStart(/^export\s+(?=\S)/)],
  ["the quotes", (text) => text.replace(/^(["'`])((?:(?!\1).)+)\1$/, "$2")],
  ["a semicolon or comma at its end", (text) => text.replace(/\s*[;,]+$/, "")],
  ["the braces", (text) => text.replace(/^\{\s*(.+?)\s*\}$/, "$1")],
  ["-H", withoutStart(/^(?:-H|--header)\s+(?=\S)/)],
  ["Authorization:", withoutStart(/^authorization\s*:\s*(?=\S)/i)],
  ["x-instantly-api-key:", withoutStart(/^x-instantly-api-key\s*:\s*(?=\S)/i)],
  ["Bearer", withoutStart(/^bearer\s+(?=\S)/i)],
  ["a name in JSON", withoutStart(/^(["']?)[A-Za-z_][\w-]*\1\s*:\s*(?=["'])/)],
  // What follows a name is no `=`, because a secret in base64 can end with two.
  ["NAME=", withoutStart(/^[A-Za-z_][A-Za-z0-9_]*=\s*(?=[^=\s])/)],
  [
    "the address",
    (text) => {
      const [, secret] = /^https?:\/\/[^/\s]+\/mcp\/([^?#\s]+?)\/?(?:[?#]\S*)?$/i.exec(text) ?? []
      return secret === undefined ? text : percentDecoded(secret)
    }
  ]
]

/** The secret alone, and the text that was around it. */
export const tidy = (text: string): { readonly secret: string; readonly leftOut: ReadonlyArray<string> } => {
  const leftOut: Array<string> = []
  let secret = text.trim()
  for (let again = true; again; ) {
    again = false
    for (const [what, without] of around) {
      const rest = without(secret).trim()
      if (rest === secret) continue
      secret = rest
      if (!leftOut.includes(what)) leftOut.push(what)
      again = true
    }
  }
  return { secret, leftOut }
}

/** Why a text cannot be a secret. `what` names it in messages, which never show it. */
const problemOf = (what: string, secret: string): Option.Option<string> => {
  if (secret === "") return Option.some(`${what} is empty.`)
  if (/[\r\n]/.test(secret)) return Option.some(`${what} has more than one line.`)
  // A header cannot hold anything else.
  if (/^[\x21-\x7e]+$/.test(secret)) return Option.none()
  return Option.some(`${what} cannot be a secret: it has spaces, or other characters that no secret has.`)
}

/** Tidies a secret, and says what was left out. Fails with the reason if the text cannot be one. */
const parse = (what: string, text: string) =>
  Effect.gen(function* () {
    const { leftOut, secret } = tidy(text)
    const problem = problemOf(what, secret)
    if (Option.isSome(problem)) return yield* Effect.fail(problem.value)
    if (leftOut.length > 0) yield* say(`${what}: the text around it was left out (${leftOut.join(", ")}).`)
    return Redacted.make(secret)
  })

/** A secret from a text that nobody can be asked for again. */
export const from = (what: string, text: string) => Effect.mapError(parse(what, text), usage)

/** Asks for a secret without showing it, and again after a text that cannot be one. `what` names it. */
export const ask = (what: string) =>
  Effect.gen(function* () {
    for (;;) {
      const line = yield* askHidden(`${what} (it is not shown): `)
      const secret = yield* Effect.either(parse(what, line))
      if (Either.isRight(secret)) return secret.right
      yield* say(`${secret.left} Paste it, or press Ctrl-C to end.`)
    }
  })

/** Asks for a secret at the terminal; elsewhere it is one line of stdin. */
export const read = (what: string) =>
  Effect.flatMap(canAsk, (isTerminal) =>
    isTerminal ? ask(what) : Effect.flatMap(secretOnStdin, (line) => from(what, line))
  )

const wholeLength = 68

/** What a secret shows about itself: the UUID in it, or why it may not be whole. */
export type Shape = Either.Either<{ readonly uuid: string }, { readonly hint: string }>

/**
 * The shape of a real secret is base64 of `<uuid>:<12 characters>`. That is known from other people's keys and not from
 * Instantly, so a secret of another shape is never refused for it.
 */
export const shapeOf = (secret: Redacted.Redacted): Shape => {
  const text = Redacted.value(secret)
  const isOther = (hint: string) => Either.left({ hint })
  if (text.length < wholeLength) return isOther(`it has ${text.length} of ${wholeLength} characters`)
  if (text.length > wholeLength) return isOther(`it has ${text.length} characters, not ${wholeLength}`)
  if (!text.endsWith("==")) return isOther("it ends without ==")
  const decoded = Either.getOrElse(Encoding.decodeBase64String(text), () => "")
  const [, uuid] = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):[\x20-\x7e]{12}$/i.exec(decoded) ?? []
  return uuid === undefined ? isOther("it holds no UUID, as others do") : Either.right({ uuid: uuid.toLowerCase() })
}

/** Why a secret may not be whole; nothing if it has the shape of a real one. */
export const hintOf = (secret: Redacted.Redacted): Option.Option<string> =>
  Option.map(Either.getLeft(shapeOf(secret)), ({ hint }) => `It may not be whole: ${hint}.`)
