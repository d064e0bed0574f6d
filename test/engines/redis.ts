/** A `redis-server` on loopback: started on a free port, and stopped by its process. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"

export const isInstalled = spawnSync("redis-server", ["--version"]).status === 0

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

export interface RedisServer {
  readonly port: number
  /** Stops it for good, or until it is started again; nothing that it has not written is kept. */
  readonly kill: () => Promise<void>
  readonly start: () => Promise<void>
  /** It accepts connections and commands, but does nothing. */
  readonly hang: () => void
  readonly goOn: () => void
  /** All that it has been told to write, where it is persistent. */
  readonly written: () => string
}

/**
 * @param persistence whether it writes down each command before it responds.
 * @param replicaOf the port of the server that it is a replica of.
 */
export const server = (persistence = false, replicaOf?: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      let port = await freePort()
      const directory = mkdtempSync(join(tmpdir(), "effect-instantly-redis-"))
      let running: ChildProcess | undefined
      const kill = async () => {
        const ended = running
        running = undefined
        if (ended === undefined) return
        ended.kill("SIGKILL")
        await once(ended, "exit")
      }
      const start = async () => {
        // The file need not be on the disk, because it is the process that ends, and not the machine.
        const settings = persistence ? ["--appendonly", "yes", "--appendfsync", "no"] : ["--appendonly", "no"]
        if (replicaOf !== undefined) settings.push("--replicaof", `127.0.0.1 ${replicaOf}`)
        const child = spawn(
          "redis-server",
          [
            ...["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--save", ""],
            ...["--repl-diskless-sync-delay", "0"],
            ...settings
          ],
          { stdio: ["ignore", "pipe", "ignore"] }
        )
        running = child
        await new Promise<void>((resolve, reject) => {
          child.once("error", reject)
          child.once("exit", () => reject(new Error("redis-server has ended")))
          child.stdout.on("data", (text) => {
            if (String(text).includes("Ready to accept connections")) resolve()
          })
        })
      }
      try {
        await start()
      } catch {
        // somebody else has taken the port in the meantime
        port = await freePort()
        await start()
      }
      return {
        directory,
        port,
        kill,
        start,
        hang: () => running?.kill("SIGSTOP"),
        goOn: () => running?.kill("SIGCONT"),
        written: () => {
          const log = join(directory, "appendonlydir")
          return readdirSync(log)
            .map((file) => readFileSync(join(log, file), "latin1"))
            .join("\n")
        }
      }
    }),
    ({ directory, kill }) =>
      Effect.promise(async () => {
        await kill()
        rmSync(directory, { recursive: true, force: true })
      })
  )
