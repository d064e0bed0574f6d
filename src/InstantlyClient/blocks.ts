/** The bytes of a body: chunks of any size, kept in blocks that are few, because a server may send a body byte by byte. */

const smallest = 16 * 1024

export class Blocks {
  /** How many bytes there are. */
  size = 0
  private readonly full: Array<Uint8Array<ArrayBuffer>> = []
  private last = new Uint8Array(0)
  private used = 0

  add(chunk: Uint8Array): void {
    this.size += chunk.length
    const fits = Math.min(chunk.length, this.last.length - this.used)
    this.last.set(chunk.subarray(0, fits), this.used)
    this.used += fits
    if (fits === chunk.length) return
    const rest = chunk.subarray(fits)
    if (this.used > 0) this.full.push(this.last)
    this.last = new Uint8Array(Math.max(smallest, rest.length))
    this.last.set(rest)
    this.used = rest.length
  }

  /** Gives its blocks away, first to last, so that they are not held a second time while they are decoded. */
  take(): Array<Uint8Array<ArrayBuffer>> {
    const blocks = [...this.full.splice(0), this.last.subarray(0, this.used)]
    this.last = new Uint8Array(0)
    this.used = 0
    return blocks
  }
}
