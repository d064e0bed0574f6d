/**
 * A server that enforces 100 requests in any second, and other programs that use the same limit, as a process of its own:
 * `server.ts <latency varies by, ms> <others a second> <seconds until they stop>`. The others send at random (Poisson) and do
 * not try again. A request over the socket counts when its latency is over, and its response takes as long again, by another
 * draw.
 */
import { createServer } from "node:http"
import { PCGRandom } from "effect/Utils"
import * as Window from "../../../src/testing/InstantlyMock/window.js"
import { key } from "../../support/key.js"
import { percentile, type Report } from "./verdict.js"

const [jitter = 50, others = 0, othersFor = Number.POSITIVE_INFINITY] = process.argv.slice(2).map(Number.parseFloat)
const random = new PCGRandom(20_260_801)
const latency = () => 5 + jitter * random.number()
const limit = Window.make([{ limit: 100, window: 1000 }], "sliding")

const count = { ours: 0, rejected: 0, others: 0, othersRejected: 0 }
const admittedBySecond: Array<number> = []
/** When our first request arrived, and our last one. */
let began: number | undefined
let ended = 0

const late: Array<number> = []
const later = (due: number, then: () => void) => {
  setTimeout(
    () => {
      // While the client starts, its machine is busier.
      if (began !== undefined) late.push(performance.now() - due)
      then()
    },
    Math.max(0, due - performance.now())
  )
}

const admits = (now: number) => {
  const isAdmitted = limit.wait(now) === 0
  if (isAdmitted) limit.admit(now)
  return isAdmitted
}

const sendAsOthers = (due: number) =>
  later(due, () => {
    const now = performance.now()
    if (began !== undefined && now > began + 1000 * othersFor) return
    const isAdmitted = admits(now)
    // What they sent before our first request has been there, but is no part of the measurement.
    if (began !== undefined) count.others++
    if (began !== undefined && !isAdmitted) count.othersRejected++
    sendAsOthers(due - (1000 * Math.log(1 - random.number())) / others)
  })
if (others > 0) sendAsOthers(performance.now())

const deleted = (path: string) => key({ id: path.split("/").at(-1) })
const tooMany = { statusCode: 429, error: "Too Many Requests", message: "Rate limit exceeded" }

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const respond = (status: number, body: object) => {
    response.writeHead(status, { "content-type": "application/json" })
    response.end(JSON.stringify(body))
  }
  const path = request.url ?? ""
  if (path === "/report") {
    const report: Report = {
      ...count,
      arriving: (ended - (began ?? ended)) / 1000,
      admittedBySecond: Array.from(admittedBySecond, (admitted = 0) => admitted),
      late: percentile(late, 0.99)
    }
    return respond(200, report)
  }
  const back = latency()
  later(performance.now() + latency(), () => {
    ended = performance.now()
    began ??= ended
    const isAdmitted = admits(ended)
    const second = Math.floor((ended - began) / 1000)
    count.ours++
    if (isAdmitted) admittedBySecond[second] = (admittedBySecond[second] ?? 0) + 1
    else count.rejected++
    later(ended + back, () => (isAdmitted ? respond(200, deleted(path)) : respond(429, tooMany)))
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  console.log(typeof address === "object" ? `http://127.0.0.1:${address?.port}` : address)
})
