/** Runs the server: `INSTANTLY_API_KEY=… SERVICE_TOKEN=… PORT=3000 npx tsx examples/promise/main.ts`. */
import { connect } from "./connect.js"
import { makeServer } from "./server.js"

const { INSTANTLY_API_KEY: apiKey, INSTANTLY_BASE_URL: baseUrl, PORT = "3000", SERVICE_TOKEN: token } = process.env

if (!apiKey || !token) {
  console.error("Set INSTANTLY_API_KEY, and SERVICE_TOKEN to a secret of your choice, which callers have to send.")
  process.exitCode = 1
} else {
  const instantly = connect({ apiKey, baseUrl })
  const server = makeServer(instantly, { token, log: process.stdout })
  server.addHook("onClose", () => instantly.close())
  process.once("SIGINT", () => server.close())
  process.once("SIGTERM", () => server.close())
  try {
    await server.listen({ host: "127.0.0.1", port: Number(PORT) })
  } catch (e) {
    console.error(`${e} (PORT chooses the port)`)
    process.exitCode = 1
    await server.close()
  }
}
