/** A process that answers every request with a deleted API key, and tells its parent where: it costs as little as it can. */
import { createServer } from "node:http"
import { body } from "./key.js"

const server = createServer((request, response) => {
  request.resume()
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length })
  response.end(body)
})
// Between two rounds of a contender its connections idle for longer than the default allows.
server.keepAliveTimeout = 0
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (address !== null && typeof address === "object") process.send?.(`http://127.0.0.1:${address.port}`)
})
process.on("disconnect", () => process.exit())
