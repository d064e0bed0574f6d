/** The one way in which tests start a process and wait for it: for what it prints, and never for a time. */
import { type ChildProcess, spawn } from "node:child_process"
import { constants } from "node:os"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { build } from "esbuild"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** Once the output holds this, that is typed, or done to the process. */
export type Step = readonly [
  seen: string | ((output: string) => boolean),
  act: string | ((child: ChildProcess, shown: string) => void)
]

export interface Given {
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Default: the root of the project. */
  readonly folder?: string
  /** What is on stdin, in a pipe. */
  readonly input?: string
  /** Leaves the pipe open after that. */
  readonly open?: boolean
  readonly steps?: ReadonlyArray<Step>
  /** Runs it in a terminal, by util-linux's `script`. */
  readonly terminal?: boolean
  readonly onStart?: (child: ChildProcess) => void
  /** Is called with all of both streams whenever there is more. */
  readonly onOutput?: (output: string, child: ChildProcess) => void
}

export interface Ran {
  /** As a shell has it: after a signal, 128 and its number. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Both streams, in the order in which they came. */
  readonly output: string
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

/** Starts a command, with nothing about Instantly in its environment but what is given, and waits for its end. */
export const start = (
  words: ReadonlyArray<string>,
  {
    environment = {},
    folder = root,
    input = "",
    onOutput,
    onStart,
    open = false,
    steps = [],
    terminal = false
  }: Given = {}
): Effect.Effect<Ran> =>
  Effect.async((resume) => {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("INSTANTLY_"))
    // `exec`, because a shell that waits for the program takes the terminal's Ctrl-C too, and ends with 130 whatever it ends with.
    const [command = "", ...args] = terminal
      ? ["script", "-qec", `exec ${words.map(quoted).join(" ")}`, "/dev/null"]
      : words
    const child = spawn(command, args, { cwd: folder, env: { ...Object.fromEntries(own), ...environment } })
    onStart?.(child)
    const ran = { stdout: "", stderr: "", output: "" }
    let from = 0
    const left = [...steps]
    const collect = (stream: "stdout" | "stderr") => (chunk: unknown) => {
      ran[stream] += String(chunk)
      ran.output += String(chunk)
      onOutput?.(ran.output, child)
      const [seen, act] = left[0] ?? []
      if (seen === undefined || act === undefined) return
      const shown = ran.output.slice(from)
      if (typeof seen === "string" ? !shown.includes(seen) : !seen(shown)) return
      from = ran.output.length
      left.shift()
      if (typeof act === "string") child.stdin.write(act)
      else act(child, shown)
    }
    // one that reads no stdin may have ended before this is written
    child.stdin.on("error", () => undefined)
    child.stdout.on("data", collect("stdout"))
    child.stderr.on("data", collect("stderr"))
    if (open) child.stdin.write(input)
    else if (!terminal) child.stdin.end(input)
    child.on("error", (error) => resume(Effect.die(error)))
    child.on("close", (code, signal) =>
      resume(Effect.succeed({ ...ran, code: signal === null ? code : 128 + constants.signals[signal] }))
    )
    return Effect.sync(() => child.kill("SIGKILL"))
  })

const bundles = new Map<string, Promise<string>>()

/**
 * A program with all that it imports, as one text: it starts in a fifth of the time that `tsx` needs. It reads no file
 * beside it.
 */
export const bundle = (program: string): Promise<string> => {
  const made =
    bundles.get(program) ??
    build({
      absWorkingDir: root,
      entryPoints: [program],
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20.19",
      logLevel: "error",
      write: false,
      banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);` }
    }).then(({ outputFiles }) => outputFiles.map(({ text }) => text).join(""))
  bundles.set(program, made)
  return made
}

/**
 * Starts a TypeScript program of this project as a process of its own, without a terminal, and with nothing about Instantly in
 * its environment but what is given. Whoever starts it also waits for it.
 */
export const spawnProgram = async (
  program: string,
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {}
) => {
  const code = await bundle(program)
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("INSTANTLY_"))
  const child = spawn(process.execPath, ["--input-type=module", "-", ...args], {
    cwd: root,
    env: { ...Object.fromEntries(own), ...environment }
  })
  child.stdin.on("error", () => undefined)
  child.stdin.end(code)
  return child
}

/** Runs such a program to its end. `until` ends it by the signal when its output matches. */
export const run = (
  program: string,
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
  until?: (output: string) => boolean,
  signal: NodeJS.Signals = "SIGTERM"
): Effect.Effect<Pick<Ran, "code" | "output">> =>
  Effect.gen(function* () {
    const input = yield* Effect.promise(() => bundle(program))
    let isEnding = false
    const onOutput = (output: string, child: ChildProcess) => {
      const matches = until?.(output) ?? false
      // A second signal would quit at once.
      if (matches && !isEnding) isEnding = child.kill(signal)
    }
    const words = [process.execPath, "--input-type=module", "-", ...args]
    const { code, output } = yield* start(words, { environment, input, onOutput })
    return { code, output }
  })
