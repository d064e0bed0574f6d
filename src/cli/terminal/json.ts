/** Lines of JSON on stdout, one for each thing, for another program to read. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { unseen } from "./printable.js"

const codeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`

/** The same JSON, with an escape for each character that a terminal would act on when the line is shown there. */
export const escapeUnseen = (json: string) =>
  json.replaceAll(unseen, (character) => character.replaceAll(/./gs, codeUnit))

/** Encodes what this program has made itself. */
export const jsonOf = <A, I>(schema: Schema.Schema<A, I>) => {
  const encode = Schema.encode(Schema.parseJson(schema))
  return (value: A) => Effect.orDie(encode(value))
}

export const printJson = (json: string) => Console.log(escapeUnseen(json))

/** Whether stdout is for a program: it is not a terminal, or --json says so. */
export const wantsJson = (isAsked: boolean) => Effect.sync(() => isAsked || process.stdout.isTTY !== true)
