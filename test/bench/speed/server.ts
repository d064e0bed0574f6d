/**
 * A process that responds to every request with a deleted API key, and tells its parent where. It costs as little as it
 * can. Below `/chunked` it does not say how long a body is, as a server does that compresses it.
 */
import { createServer } from "node:http"
import { body, chunked } from "./key.js"

const server = createServer((request, response) => {
  request.resume()
  const length = request.url?.startsWith(chunked) ? {} : { "content-length": body.length }
  response.writeHead(200, { "content-type": "application/json", ...length })
  response.end(body)
})
// Between two rounds of a contender its connections idle for longer than the default allows.
server.keepAliveTimeout = 0
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (address !== null && typeof address === "object") process.send?.(`http://127.0.0.1:${address.port}`)
})
process.on("disconnect", () => process.exit())
