/** Lines of JSON on stdout, for another program to read. */
import * as Console from "effect/Console"
import { unseen } from "./printable.js"

const codeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`

/** The same JSON, with an escape for each character that a terminal would act on when the line is shown there. */
export const escapeUnseen = (json: string) =>
  json.replaceAll(unseen, (character) => character.replaceAll(/./gs, codeUnit))

export const printJson = (json: string) => Console.log(escapeUnseen(json))
