/** The command that starts the tool, so that every command it prints can be copied: npm in a clone, its name elsewhere. */
import { unseen } from "../terminal/printable.js"

/** The bundle is JavaScript; a clone runs the source. */
const isClone = import.meta.url.endsWith(".ts")

export const program = isClone ? "npm run tool --" : "effect-instantly"

/** The same if another program reads stdout, where npm would print a banner. */
export const quietProgram = isClone ? "npm run -s tool --" : program

const escaped = (character: string) => {
  const code = character.codePointAt(0) ?? 0
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`
}

/** A word as bash and zsh read it. What nobody sees is escaped, because it would be lost on the way to the shell. */
export const quoted = (word: string) => {
  if (/^[\w./:=@%+-]+$/.test(word)) return word
  return word.search(unseen) === -1
    ? `'${word.replaceAll("'", "'\\''")}'`
    : `$'${word.replaceAll(/['\\]/g, "\\$&").replaceAll(unseen, escaped)}'`
}

/** A command that can be copied into a shell. */
export const commandLine = (...args: ReadonlyArray<string>) => [program, ...args.map(quoted)].join(" ")

/** npm has these options itself, and people set them once for all. */
const optionsOfNpm: ReadonlySet<string> = new Set(["help", "json", "yes"])

/** The options that npm kept for itself, because they stood before `--`. */
export const keptByNpm = (options: Iterable<string>, environment: NodeJS.ProcessEnv): ReadonlyArray<string> =>
  environment["npm_lifecycle_event"] !== "tool"
    ? []
    : [...options].filter(
        (option) => !optionsOfNpm.has(option) && environment[`npm_config_${option.replaceAll("-", "_")}`] !== undefined
      )
