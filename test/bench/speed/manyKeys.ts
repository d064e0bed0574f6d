/**
 * How long it takes to delete many keys with the default policies, against the server of `bench:rate-limit`. That one
 * enforces 100 requests in any second, by windows that slide and by fixed ones, while latency varies by 50 ms.
 */
import { execFile, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { promisify } from "node:util"
import { compile, here } from "./processes.js"

const limit = 100

export interface ManyKeys {
  /** Seconds from the first call until the last receipt, over what `limit` a second would take. */
  readonly ratio: number
  /** Requests that the server rejected. */
  readonly rejected: number
  /** By how many milliseconds the timers of the server were late, 99 in 100 of them by no more: above 5 the machine is too busy. */
  readonly late: number
}

const isReport = (report: unknown): report is { readonly rejected: number; readonly late: number } =>
  typeof report === "object" && report !== null && "rejected" in report && "late" in report

const once = async (client: string, keys: number): Promise<ManyKeys> => {
  const server = spawn(process.execPath, ["--import", "tsx", here("../rate-limit/server.ts"), "50 ms"], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  try {
    const { value: origin } = await createInterface(server.stdout)[Symbol.asyncIterator]().next()
    const { stdout } = await promisify(execFile)(process.execPath, [client, String(origin), String(keys)])
    const report: unknown = await (await fetch(`${origin}/report`)).json()
    if (!isReport(report)) throw new Error("the server has not told what it rejected")
    return { ratio: Number(stdout) / (keys / limit), rejected: report.rejected, late: report.late }
  } finally {
    server.kill()
  }
}

export const measureManyKeys = async (keys: number, rounds: number): Promise<ReadonlyArray<ManyKeys>> => {
  const client = await compile("scripts/manyKeys")
  const measured: Array<ManyKeys> = []
  for (let round = 0; round < rounds; round++) measured.push(await once(client, keys))
  return measured
}
