/** How long a script that deletes one key takes, from `node` until it has ended. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { compile, startServer } from "./processes.js"

/** Milliseconds until a script has ended. */
const run = async (file: string, origin: string): Promise<number> => {
  const begun = performance.now()
  const [code] = await once(spawn(process.execPath, [file, origin], { stdio: ["ignore", "ignore", "inherit"] }), "exit")
  if (code !== 0) throw new Error(`${file} has ended with ${code}`)
  return performance.now() - begun
}

export const scripts = ["fetch", "platform", "library", "bundled"] as const
export type Script = (typeof scripts)[number]

/** The times of each script, round by round. */
export type ColdStarts = Readonly<Record<Script, ReadonlyArray<number>>>

export const measureColdStarts = async (rounds: number): Promise<ColdStarts> => {
  const files: Readonly<Record<Script, string>> = {
    fetch: await compile("scripts/fetch"),
    platform: await compile("scripts/platform"),
    library: await compile("scripts/library"),
    bundled: await compile("scripts/library", { whole: true })
  }
  const server = await startServer()
  const times: Record<Script, Array<number>> = { fetch: [], platform: [], library: [], bundled: [] }
  try {
    // one that is not counted reads the files from the disk
    for (const script of scripts) await run(files[script], server.origin)
    for (let round = 0; round < rounds; round++) {
      for (const script of scripts) times[script].push(await run(files[script], server.origin))
    }
    return times
  } finally {
    server.stop()
  }
}
