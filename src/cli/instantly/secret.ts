/** A secret as people paste it, the text around it, and what its shape shows. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { askHidden, canAsk, say } from "../terminal/terminal.js"
import { cancelled, usage } from "../usage/exit.js"
import { secretOnStdin } from "../usage/input.js"

/** A text, if every part of it that is percent-encoded can be decoded. */
const percentDecoded = (text: string) => Either.getOrElse(Encoding.decodeUriComponent(text), () => text)

const withoutStart = (start: RegExp) => (text: string) => text.replace(start, "")

/** What people paste together with a secret, from the outside in. */
const around: ReadonlyArray<readonly [what: string, without: (text: string) => string]> = [
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

/** Tidies a secret, and says what was left out. `what` names it in messages, which never show it. */
export const from = (what: string, text: string) =>
  Effect.gen(function* () {
    const { leftOut, secret } = tidy(text)
    if (secret === "") return yield* usage(`${what} is empty.`)
    if (/[\r\n]/.test(secret)) return yield* usage(`${what} has more than one line.`)
    // A header cannot hold anything else.
    if (!/^[\x21-\x7e]+$/.test(secret)) {
      return yield* usage(`${what} cannot be a secret: it has spaces, or other characters that no secret has.`)
    }
    if (leftOut.length > 0) yield* say(`${what} was not bare. This was left out: ${leftOut.join(", ")}.`)
    return Redacted.make(secret)
  })

/**
 * Reads a secret without showing it: from one line of stdin, or at the terminal, where it asks again after a text that
 * cannot be one. `what` names it.
 */
export const read = (what: string) =>
  Effect.gen(function* () {
    if (!(yield* canAsk)) return yield* from(what, yield* secretOnStdin)
    for (;;) {
      const line = yield* askHidden(`${what} (it is not shown): `)
      if (line === "") return yield* cancelled
      const secret = yield* Effect.either(from(what, line))
      if (Either.isRight(secret)) return secret.right
      yield* say(...secret.left.message.split("\n").slice(0, 1))
    }
  })

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
