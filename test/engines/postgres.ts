/**
 * A PostgreSQL on loopback: started on a free port with its data in a new directory, and stopped by its process. It refuses to
 * run as root, so root runs it as the user that Debian's package has made.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { freePort } from "./redis.js"

/** Debian keeps the programs of each version out of the `PATH`. */
const debian = "/usr/lib/postgresql"
const directories = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : []
const programs = directories.find((directory) => existsSync(join(directory, "initdb")))

const isRoot = process.getuid?.() === 0
const idOf = (flag: string) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout)
const owner = isRoot ? { uid: idOf("-u"), gid: idOf("-g") } : {}

export const isInstalled = programs !== undefined

/** Runs one of its programs to its end. */
const run = (program: string, args: ReadonlyArray<string>) => {
  const { error, status, stderr, stdout } = spawnSync(join(programs ?? "", program), args, {
    ...owner,
    cwd: tmpdir(),
    encoding: "utf8",
    maxBuffer: 2 ** 28
  })
  if (status !== 0) throw new Error(`${program}: ${error ?? stderr}`)
  return stdout
}

export interface PostgresServer {
  /** Makes a database, and gives its address. */
  readonly createDatabase: (name: string) => string
  /** All that is in a database, as SQL. */
  readonly dump: (url: string) => string
  readonly query: (url: string, sql: string) => string
}

export const server: Effect.Effect<PostgresServer, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.promise(async () => {
      const directory = mkdtempSync(join(tmpdir(), "effect-instantly-postgres-"))
      if (owner.uid !== undefined) chownSync(directory, owner.uid, owner.gid)
      const data = join(directory, "data")
      run("initdb", ["--pgdata", data, "--username", "postgres", "--auth", "trust", "--no-sync", "--encoding", "UTF8"])
      const start = async (attempt = 1): Promise<{ readonly child: ChildProcess; readonly port: number }> => {
        const port = await freePort()
        const settings = ["fsync=off", "max_connections=200"].flatMap((setting) => ["-c", setting])
        const child = spawn(
          join(programs ?? "", "postgres"),
          ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", directory, ...settings],
          { ...owner, cwd: directory, stdio: ["ignore", "ignore", "pipe"] }
        )
        let said = ""
        const isReady = await new Promise<boolean>((resolve, reject) => {
          child.once("error", reject)
          child.once("close", () => resolve(false))
          child.stderr.on("data", (text) => {
            said += text
            if (said.includes("ready to accept connections")) resolve(true)
          })
        })
        if (isReady) return { child, port }
        // somebody else may have taken the port
        if (attempt < 3) return start(attempt + 1)
        throw new Error(`postgres has ended: ${said}`)
      }
      const { child, port } = await start()
      return { child, directory, port }
    }),
    ({ child, directory }) =>
      Effect.promise(async () => {
        // an immediate shutdown, which ends its children, too
        child.kill("SIGQUIT")
        if (child.exitCode === null) await once(child, "exit")
        rmSync(directory, { recursive: true, force: true })
      })
  ),
  ({ port }) => {
    const urlOf = (name: string) => `postgres://postgres@127.0.0.1:${port}/${name}`
    const query = (url: string, sql: string) =>
      run("psql", ["--no-psqlrc", "--tuples-only", "--no-align", "-c", sql, url])
    return {
      createDatabase: (name) => {
        query(urlOf("postgres"), `CREATE DATABASE ${name}`)
        return urlOf(name)
      },
      dump: (url) => run("pg_dump", ["--inserts", url]),
      query
    }
  }
)
