/** The command that starts the tool, so that every command it prints can be copied: npm in a clone, its name elsewhere. */

/** The bundle is JavaScript; a clone runs the source. */
const isClone = import.meta.url.endsWith(".ts")

export const program = isClone ? "npm run tool --" : "effect-instantly"

/** The same if another program reads stdout, where npm would print a banner. */
export const quietProgram = isClone ? "npm run -s tool --" : program

/** A word that a shell reads as it is. */
export const quoted = (word: string) => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

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
