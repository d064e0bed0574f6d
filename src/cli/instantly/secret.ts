/** A secret as people paste it, and what stands around it then. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { askHidden, canAsk, say } from "../terminal/terminal.js"
import { usage } from "../usage/exit.js"
import { secretOnStdin } from "../usage/input.js"

const around = [
  { what: "export", found: /^export\s+(?=\S)/ },
  // What follows a name is no `=`, because a secret in base64 can end with two.
  { what: "NAME=", found: /^[A-Za-z_][A-Za-z0-9_]*=\s*(?=[^=\s])/ },
  { what: "a semicolon at its end", found: /\s*;+$/ },
  { what: "the quotes around it", found: /^(["'`])(.+)\1$/, left: "$2" }
] as const

/** The secret alone, and what stood around it. */
export const tidy = (text: string): { readonly secret: string; readonly leftOut: ReadonlyArray<string> } => {
  const leftOut: Array<string> = []
  let secret = text.trim()
  for (let again = true; again; ) {
    again = false
    for (const rule of around) {
      const rest = secret.replace(rule.found, "left" in rule ? rule.left : "").trim()
      if (rest === secret) continue
      secret = rest
      leftOut.push(rule.what)
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

/** Reads a secret without showing it: at the terminal, or from one line of stdin. `what` names it. */
export const read = (what: string) =>
  Effect.gen(function* () {
    const line = (yield* canAsk) ? yield* askHidden(`${what} (it is not shown): `) : yield* secretOnStdin
    return yield* from(what, line)
  })
