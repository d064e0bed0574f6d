/** The runtimes, with their clients: how each runs the suite. What it then says is left to the test. */
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import type { Plan, Results } from "./suite.js"

const root = fileURLToPath(new URL("../..", import.meta.url))
const here = fileURLToPath(new URL(".", import.meta.url))
/** Within the package, so that `effect-instantly` is the package itself, as built. */
const generated = join(root, "test/.generated/runtimes")

export interface Host {
  readonly name: string
  readonly isInstalled: boolean
  /** Whether it tells refused connections, unknown hosts and untrusted certificates from connections that were lost. */
  readonly tellsApart: boolean
  /** Whether it uses a connection for this library more than once, and whether it sends again, and tells nobody, where that is lost. */
  readonly onKeptConnections: "never" | "sends once" | "sends again"
  /** Whether its client unpacks a body before anybody reads it. */
  readonly unpacks: boolean
  readonly run: (plan: Plan) => Promise<Results>
}

/** Runs a command to its end, and reads the last line that it prints. */
const resultsOf = (command: string, args: ReadonlyArray<string>): Promise<Results> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: generated,
      env: { ...process.env, DENO_DIR: join(generated, "deno"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000
    })
    let [out, complaints] = ["", ""]
    child.stdout.on("data", (chunk) => (out += String(chunk)))
    child.stderr.on("data", (chunk) => (complaints += String(chunk)))
    child.on("error", reject)
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(out.trim().split("\n").at(-1) ?? ""))
      else reject(new Error(`${command} ended with ${code}: ${out}${complaints}`))
    })
  })

const installed = (name: string) => join(here, "node_modules/.bin", name)

const asProcess = (command: string, args: ReadonlyArray<string>, client: string) => ({
  isInstalled: existsSync(command),
  run: (plan: Plan) => resultsOf(command, [...args, join(generated, "process.mjs"), JSON.stringify(plan), client])
})

// No permission but the network's, to these hosts: whatever else the library reached for would fail.
const onlyNetwork = "--allow-net=127.0.0.1,localhost,does-not-exist.invalid"
const deno = ["run", "--no-prompt", "--no-remote", "--no-lock", "--node-modules-dir=manual"]

const workerdBinary = (() => {
  try {
    const path: unknown = createRequire(join(here, "package.json"))("workerd").default
    return typeof path === "string" && existsSync(path) ? path : ""
  } catch {
    return ""
  }
})()

// No `nodejs_compat`: there is nothing of Node.
const workerdConfig = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "suite", worker = (
      modules = [(name = "worker", esModule = embed "worker.mjs")],
      compatibilityDate = "2026-10-01"
    )),
    (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true)))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "suite")]
);
`

const asWorker = {
  isInstalled: workerdBinary !== "",
  run: async (plan: Plan): Promise<Results> => {
    const server = spawn(workerdBinary, ["serve", join(generated, "workerd.capnp"), "--control-fd=3"], {
      stdio: ["ignore", "ignore", "ignore", "pipe"]
    })
    try {
      const port = await new Promise<string>((resolve, reject) => {
        server.on("error", reject)
        server.on("close", (code) => reject(new Error(`workerd ended with ${code}`)))
        let control = ""
        server.stdio[3]?.on("data", (chunk) => {
          control += String(chunk)
          const port = /"port":(\d+)/.exec(control)?.[1]
          if (port !== undefined) resolve(port)
        })
      })
      const response = await fetch(`http://127.0.0.1:${port}`, { method: "POST", body: JSON.stringify(plan) })
      return JSON.parse(await response.text())
    } finally {
      server.kill()
    }
  }
}

/** Writes the suite as plain ESM that imports the packages as anybody would, and for workerd as a single file. */
export const prepare = async (): Promise<void> => {
  rmSync(generated, { recursive: true, force: true })
  mkdirSync(generated, { recursive: true })
  // no tsconfig: its paths would lead to the sources, instead of to what is built of them
  const common = {
    tsconfigRaw: {},
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
    absWorkingDir: here
  } as const
  await build({ ...common, entryPoints: ["process.ts"], outfile: join(generated, "process.mjs"), packages: "external" })
  await build({
    ...common,
    entryPoints: ["worker.ts"],
    outfile: join(generated, "worker.mjs"),
    conditions: ["workerd", "worker"],
    alias: { "effect-instantly": join(root, "dist/index.js") }
  })
  writeFileSync(join(generated, "workerd.capnp"), workerdConfig)
}

const able = { tellsApart: true, onKeptConnections: "sends once", unpacks: true } as const

export const hosts: ReadonlyArray<Host> = [
  { name: "Node with Fetch", ...able, ...asProcess(process.execPath, [], "Fetch") },
  { name: "Node with Undici", ...able, unpacks: false, ...asProcess(process.execPath, [], "Undici") },
  {
    name: "Node with node:http",
    ...able,
    unpacks: false,
    onKeptConnections: "never",
    ...asProcess(process.execPath, [], "node:http")
  },
  { name: "Bun with Fetch", ...able, onKeptConnections: "never", ...asProcess(installed("bun"), [], "Fetch") },
  {
    name: "Deno with Fetch",
    unpacks: true,
    tellsApart: false,
    onKeptConnections: "sends again",
    ...asProcess(installed("deno"), [...deno, onlyNetwork], "Fetch")
  },
  {
    name: "Deno with Undici",
    ...able,
    unpacks: false,
    ...asProcess(installed("deno"), [...deno, "--allow-all"], "Undici")
  },
  { name: "workerd with Fetch", unpacks: true, tellsApart: false, onKeptConnections: "sends again", ...asWorker }
]
