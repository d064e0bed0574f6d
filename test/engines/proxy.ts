/** A TCP proxy on loopback: it can be pointed elsewhere, be slow, and lose what is on its way. */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { Effect } from "effect"

export interface Proxy {
  readonly port: number
  /** Closes all connections, and loses what is on its way. New ones lead to this port. */
  readonly lead: (to: number) => void
}

/** @param delay milliseconds that what the server sends is on its way. */
export const proxy = (to: number, delay = 0) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      let target = to
      const sockets = new Set<Socket>()
      const cut = () => {
        for (const socket of sockets) socket.destroy()
        sockets.clear()
      }
      const track = (socket: Socket) => {
        sockets.add(socket)
        return socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket))
      }
      const server = createServer((client) => {
        const upstream = track(connect(target, "127.0.0.1"))
        track(client).pipe(upstream)
        upstream.on("data", (data) => {
          if (delay === 0) client.write(data)
          else setTimeout(() => client.destroyed || client.write(data), delay)
        })
        upstream.on("close", () => client.destroy())
        client.on("close", () => upstream.destroy())
      }).listen(0, "127.0.0.1")
      await once(server, "listening")
      const { port } = server.address() as AddressInfo
      const lead = (to: number) => {
        target = to
        cut()
      }
      return { port, lead, server, cut }
    }),
    ({ cut, server }) =>
      Effect.sync(() => {
        server.close()
        cut()
      })
  ).pipe(Effect.map(({ lead, port }): Proxy => ({ port, lead })))
