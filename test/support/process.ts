import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"

const root = fileURLToPath(new URL("../..", import.meta.url))

export interface Run {
  readonly code: number | null
  readonly output: string
}

/**
 * Runs a TypeScript program of this project as a process of its own, without a terminal, and with nothing about Instantly
 * in its environment but what is given. `until` ends it when its output matches.
 */
export const run = (
  program: string,
  args: ReadonlyArray<string>,
  environment: Readonly<Record<string, string>> = {},
  until?: (output: string) => boolean
): Effect.Effect<Run> =>
  Effect.async((resume) => {
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("INSTANTLY_"))
    const child = spawn(process.execPath, ["--import", "tsx", program, ...args], {
      cwd: root,
      env: { ...Object.fromEntries(own), ...environment },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    const collect = (chunk: unknown) => {
      output += String(chunk)
      if (until?.(output)) child.kill()
    }
    child.stdout.on("data", collect)
    child.stderr.on("data", collect)
    child.on("close", (code) => resume(Effect.succeed({ code, output })))
    return Effect.sync(() => child.kill())
  })
