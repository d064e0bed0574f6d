/**
 * A server that enforces 100 requests in any second, as a process of its own: what its clients do does not hold up its
 * clock. A request counts when its latency is over, and its response takes as long again, by another draw.
 */
import { createServer } from "node:http"
import { PCGRandom } from "effect/Utils"
import { deleted, tooMany } from "./bodies.js"
import * as Judge from "./judge.js"
import { latencyNamed } from "./latency.js"
import { percentile } from "./verdict.js"

const seed = 20_260_801
const latency = latencyNamed(process.argv[2])
const random = new PCGRandom(seed)
const judge = Judge.make()
const late: Array<number> = []

const later = (millis: number, then: () => void) => {
  const due = performance.now() + millis
  setTimeout(() => {
    late.push(performance.now() - due)
    then()
  }, millis)
}

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  const respond = (status: number, body: string) => {
    response.writeHead(status, { "content-type": "application/json" })
    response.end(body)
  }
  const path = request.url ?? ""
  if (path === "/report") return respond(200, JSON.stringify({ ...judge.judgement(), late: percentile(late, 0.99) }))
  const back = latency.draw(random)
  later(latency.draw(random), () => {
    const admitted = judge.admits(performance.now())
    later(back, () => (admitted ? respond(200, deleted(path)) : respond(429, tooMany)))
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  console.log(typeof address === "object" ? `http://127.0.0.1:${address?.port}` : address)
})
