/**
 * A server that enforces 100 requests in any second, and other programs that use the same limit, as a process of its own:
 * `server.ts <others a second> <seed>`. The others send at random (Poisson), and are counted as they arrive; a request over
 * the socket counts when its latency is over, and its response takes as long again, by another draw.
 */
import { createServer } from "node:http"
import { PCGRandom } from "effect/Utils"
import * as Window from "../../../../src/testing/InstantlyMock/window.js"
import { deleted, tooMany } from "../bodies.js"
import { limit } from "../judge.js"
import { latencyNamed } from "../latency.js"
import { percentile } from "../verdict.js"
import type { Shared } from "./verdict.js"

const others = Number(process.argv[2])
const random = new PCGRandom(Number(process.argv[3]))
const latency = latencyNamed("50 ms")
const second = Window.make([limit], "sliding")
const late: Array<number> = []

const later = (due: number, then: () => void) => {
  setTimeout(
    () => {
      late.push(performance.now() - due)
      then()
    },
    Math.max(0, due - performance.now())
  )
}

const counted = { ours: 0, oursRejected: 0, others: 0, othersRejected: 0 }
let began: number | undefined
let ended = 0

const admits = (now: number) => {
  const admitted = second.wait(now) === 0
  if (admitted) second.admit(now)
  return admitted
}

// What the others send before our first request is no part of the measurement, but it has been there.
const sendAsOthers = (due: number) =>
  later(due, () => {
    const admitted = admits(performance.now())
    if (began !== undefined) {
      counted.others++
      if (!admitted) counted.othersRejected++
    }
    sendAsOthers(due - (1000 * Math.log(1 - random.number())) / others)
  })
if (others > 0) sendAsOthers(performance.now())

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const respond = (status: number, body: string) => {
    response.writeHead(status, { "content-type": "application/json" })
    response.end(body)
  }
  const path = request.url ?? ""
  if (path === "/report") {
    const report: Shared = { ...counted, seconds: (ended - (began ?? ended)) / 1000, late: percentile(late, 0.99) }
    return respond(200, JSON.stringify(report))
  }
  const back = latency.draw(random)
  later(performance.now() + latency.draw(random), () => {
    ended = performance.now()
    began ??= ended
    const admitted = admits(ended)
    counted.ours++
    if (!admitted) counted.oursRejected++
    later(ended + back, () => (admitted ? respond(200, deleted(path)) : respond(429, tooMany)))
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  console.log(typeof address === "object" ? `http://127.0.0.1:${address?.port}` : address)
})
