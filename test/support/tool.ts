/** `examples/revoke` as a process: in a pipe, and in a terminal by util-linux's `script`. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { build } from "esbuild"

const root = fileURLToPath(new URL("../..", import.meta.url))

export const directory = mkdtempSync(join(tmpdir(), "revoke-"))

const program = join(directory, "revoke.mjs")

/** In one file, because compiling a hundred of them takes seconds for each process. */
export const bundle = () =>
  build({
    absWorkingDir: root,
    entryPoints: ["examples/revoke/main.ts"],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    banner: { js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url)` }
  })

export const hasScript = spawnSync("script", ["--version"]).status === 0

/** Once the output holds this, that is typed, or done to the process. */
export type Step = readonly [
  seen: string | ((output: string) => boolean),
  act: string | ((child: ChildProcess) => void)
]

export interface Given {
  readonly environment?: Readonly<Record<string, string>>
  /** What is on stdin, in a pipe. */
  readonly input?: string
  readonly steps?: ReadonlyArray<Step>
  readonly terminal?: boolean
  readonly onStart?: (child: ChildProcess) => void
}

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  /** Both streams. */
  readonly output: string
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

export const revoke = (
  args: ReadonlyArray<string>,
  { environment = {}, input = "", onStart, steps = [], terminal = false }: Given = {}
): Effect.Effect<Ran> =>
  Effect.async((resume) => {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("INSTANTLY_"))
    const line = [process.execPath, program, ...args]
    // `exec`, because a shell that waits for the tool takes the terminal's Ctrl-C too, and ends with 130 whatever the tool says.
    const [command = "", ...rest] = terminal
      ? ["script", "-qec", `exec ${line.map(quoted).join(" ")}`, "/dev/null"]
      : line
    const child = spawn(command, rest, { cwd: root, env: { ...Object.fromEntries(own), ...environment } })
    onStart?.(child)
    let stdout = ""
    let output = ""
    let from = 0
    const left = [...steps]
    const collect = (chunk: unknown) => {
      output += String(chunk)
      const [seen, act] = left[0] ?? []
      if (seen === undefined || act === undefined) return
      const shown = output.slice(from)
      if (typeof seen === "string" ? !shown.includes(seen) : !seen(shown)) return
      from = output.length
      left.shift()
      if (typeof act === "string") child.stdin.write(act)
      else act(child)
    }
    child.stdin.on("error", () => undefined)
    child.stdout.on("data", (chunk) => {
      stdout += String(chunk)
      collect(chunk)
    })
    child.stderr.on("data", collect)
    if (!terminal) child.stdin.end(input)
    child.on("close", (code) => resume(Effect.succeed({ code, stdout, output })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
