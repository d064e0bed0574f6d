/** The processes of the benchmark: what they run is compiled first, and each tells its parent what it has found. */
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

export const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * A program, compiled, with this library as it is built and installed. What runs TypeScript on the fly names each function
 * when it is made, which costs more than many a function does. `whole` puts all that it imports into the one file.
 */
export const compile = async (name: string, { whole = false } = {}): Promise<string> => {
  const outfile = here(`../../.generated/speed/${name}${whole ? ".bundled" : ""}.mjs`)
  await build({
    entryPoints: [here(`${name}.ts`)],
    outfile,
    bundle: true,
    packages: whole ? "bundle" : "external",
    minify: whole,
    format: "esm",
    platform: "node",
    target: "node20",
    tsconfigRaw: "{}"
  })
  return outfile
}

/** The next message of a process. One that ends instead has said why on its own. */
export const messageOf = async (child: ChildProcess): Promise<unknown> => {
  const ended = new AbortController()
  const exit = once(child, "exit", { signal: ended.signal }).then(([code]) => {
    throw new Error(`a process has ended with ${code}`)
  })
  try {
    const [message] = await Promise.race([once(child, "message", { signal: ended.signal }), exit])
    return message
  } finally {
    ended.abort()
    exit.catch(() => undefined)
  }
}

export interface Server {
  readonly origin: string
  readonly stop: () => void
}

/** Starts a server that responds to every request with a deleted key. It ends when it is disconnected. */
export const startServer = async (): Promise<Server> => {
  const child = fork(here("server.ts"), { execArgv: ["--import", "tsx"] })
  return { origin: String(await messageOf(child)), stop: () => child.disconnect() }
}
