/** A Fastify server whose one route revokes a key. It knows promises alone: Effect ends in `connect.ts`. */
import { createHash, timingSafeEqual } from "node:crypto"
import { InstantlyError } from "effect-instantly"
import fastify, { type FastifyInstance, LogController } from "fastify"
import { Aborted, type Connection, NotAnId } from "./connect.js"

const digest = (text: string) => createHash("sha256").update(text).digest()

const statusOf = (error: InstantlyError.InstantlyError) => {
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
    const caller = new AbortController()
    reply.raw.once("close", () => caller.abort())
    try {
      const { id, name } = await instantly.revoke(params.id, { signal: caller.signal })
      return { id, name }
    } catch (e) {
      if (e instanceof Aborted) {
        // The caller has gone, so the log is where the outcome is told. What was aborted has an id that is a UUID.
        log.warn({ id: params.id, outcome: e.outcome }, e.message)
        return reply.hijack()
      }
      if (e instanceof NotAnId) return reply.code(400).send({ message: e.message, outcome: e.outcome })
      const error = InstantlyError.fromRejection(e)
      if (error === undefined) {
        log.error(e)
        throw e
      }
      const { _tag: tag, message, outcome } = error
      return reply.code(statusOf(error)).send({ tag, message, outcome })
    }
  })
  return server
}
