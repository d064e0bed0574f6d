/** Bodies that no honest server sends: without an end, far too long, far longer than they look, or a byte at a time. */
import type { Socket } from "node:net"
import { brotliCompressSync, constants, gzipSync } from "node:zlib"
import { keyJson } from "./key.js"
import { headOf, type Respond } from "./rawServer.js"

export const id = "019e18e2-78d4-7322-941a-7384d8969c61"

/** The key that every one of them would delete. Each body but a drip begins with it, and goes on with spaces. */
const wireKey = keyJson({ id })

const mebibyte = 2 ** 20

/** Writes for as long as the socket takes it, and never more than it takes. */
const pour = (socket: Socket, bytes: Buffer) => {
  const next = () => {
    if (socket.writable) socket.write(bytes, next)
  }
  next()
}

const spaces = Buffer.alloc(mebibyte / 16, " ")
const frameOf = (content: Buffer) =>
  Buffer.concat([Buffer.from(`${content.length.toString(16)}\r\n`), content, Buffer.from("\r\n")])

/** What a bomb unpacks to. */
const unpacked = 64 * mebibyte

const once = <A>(make: () => A) => {
  let made: A | undefined
  return () => (made ??= make())
}
const bomb = () => Buffer.concat([Buffer.from(wireKey), Buffer.alloc(unpacked, " ")])
const gzip = once(() => gzipSync(bomb(), { level: 1 }))
const brotli = once(() => brotliCompressSync(bomb(), { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }))

const packed =
  (encoding: string, bytes: () => Buffer) =>
  (status: number): Respond =>
  (socket) => {
    const body = bytes()
    // it has an end, after which an honest client would keep the connection
    const head = { "content-encoding": encoding, "content-length": String(body.length), connection: "close" }
    socket.write(headOf(status, head))
    socket.write(body)
  }

/** Begins a body that has no end. */
export const flood = (socket: Socket): void => {
  socket.write(frameOf(Buffer.from(wireKey)))
  pour(socket, frameOf(spaces))
}

const endless =
  (status: number): Respond =>
  (socket) => {
    socket.write(headOf(status, { "transfer-encoding": "chunked" }))
    flood(socket)
  }

const huge =
  (status: number): Respond =>
  (socket) => {
    socket.write(headOf(status, { "content-length": String(700 * mebibyte) }) + wireKey)
    pour(socket, spaces)
  }

const drip =
  (status: number): Respond =>
  (socket) => {
    socket.write(headOf(status, { "transfer-encoding": "chunked" }))
    const drops = setInterval(() => socket.write("1\r\n \r\n"), 20)
    socket.on("close", () => clearInterval(drops))
  }

/** A success as long as one may be, and nothing says so before its end. */
export const longest: Respond = (socket) => {
  const fill = Buffer.alloc(2 * mebibyte - Buffer.byteLength(wireKey), " ")
  socket.write(headOf(200, { "transfer-encoding": "chunked" }))
  socket.write(frameOf(Buffer.concat([Buffer.from(wireKey), fill])))
  socket.write("0\r\n\r\n")
}

/** What a server of each kind does with a request, at any status. */
export const hostility = {
  "an endless body": endless,
  "700 MB": huge,
  "64 MB in gzip": packed("gzip", gzip),
  "64 MB in brotli": packed("br", brotli),
  "a byte at a time": drip
} as const satisfies Record<string, (status: number) => Respond>

export type Hostility = keyof typeof hostility
