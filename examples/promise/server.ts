/** A Fastify server with one route, which revokes a key. A caller who hangs up does not stop the deletion. */
import { createHash, timingSafeEqual } from "node:crypto"
import { InstantlyError } from "effect-instantly"
import fastify, { type FastifyInstance, LogController } from "fastify"
import { type Connection, errorIn, NotAnId } from "./connect.js"

const digest = (text: string) => createHash("sha256").update(text).digest()

const statusOf = (error: InstantlyError.InstantlyError) => {
  // The outcome comes first: after a lost response a 404 proves nothing.
  if (error.outcome === "Unknown") return 502
  if (error instanceof InstantlyError.NotFound) return 404
  return error.isRetryable ? 503 : 502
}

/** Makes the server. `token` is what callers send as `Authorization: Bearer …`. */
export const makeServer = (
  instantly: Connection,
  options: { readonly token: string; readonly log?: NodeJS.WritableStream }
): FastifyInstance => {
  const server = fastify({
    // Each line about a request has its URL, and someone may have put a secret there in place of an id.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    logger: options.log === undefined ? false : { stream: options.log }
  })
  const expected = digest(`Bearer ${options.token}`)

  server.addHook("onRequest", async ({ headers }, reply) => {
    if (!timingSafeEqual(digest(headers.authorization ?? ""), expected)) await reply.code(401).send()
  })

  server.delete<{ Params: { id: string } }>("/api-keys/:id", async ({ log, params }, reply) => {
    try {
      const { id, name } = await instantly.revoke(params.id)
      log.info({ id, outcome: "Applied" }, "deleted")
      return { id, name }
    } catch (e) {
      if (e instanceof NotAnId) return reply.code(400).send({ message: e.message })
      const error = errorIn(e)
      if (error === undefined) {
        log.error(e)
        throw e
      }
      const { _tag: tag, message, outcome } = error
      // The caller may have gone, and then this is where the outcome is.
      log.warn({ id: params.id, outcome }, tag)
      if (outcome === "Applied") return { id: params.id, name: null }
      return reply.code(statusOf(error)).send({ tag, message, outcome })
    }
  })
  return server
}
