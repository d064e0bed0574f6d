import { describe, expect, it } from "@effect/vitest"
import { FastCheck } from "effect"
import { Blocks } from "../../src/InstantlyClient/blocks.js"

const KiB = 1024

const blocksOf = (chunks: Iterable<Uint8Array>) => {
  const blocks = new Blocks()
  for (const chunk of chunks) blocks.add(chunk)
  return blocks
}

const joined = (chunks: ReadonlyArray<Uint8Array>) => chunks.flatMap((chunk) => [...chunk])

describe("blocks", () => {
  it("hold the bytes of all chunks, in their order", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.uint8Array()), (chunks) => {
        const blocks = blocksOf(chunks)
        expect(blocks.size).toBe(joined(chunks).length)
        expect(joined(blocks.take())).toEqual(joined(chunks))
      })
    )
  })

  it("are few, though a body comes byte by byte", () => {
    const bytes = Array.from({ length: 40 * KiB }, (_, index) => Uint8Array.of(index % 251))
    const taken = blocksOf(bytes).take()
    expect(taken.map(({ length }) => length)).toEqual([16 * KiB, 16 * KiB, 8 * KiB])
    expect(joined(taken)).toEqual(joined(bytes))
  })

  it("are filled before another is begun, which is as large as what is left of a chunk", () => {
    const chunks = [10 * KiB, 40 * KiB, 1].map((length, index) => new Uint8Array(length).fill(index))
    const taken = blocksOf(chunks).take()
    expect(taken.map(({ length }) => length)).toEqual([16 * KiB, 34 * KiB, 1])
    expect(joined(taken)).toEqual(joined(chunks))
  })

  it("are given away once", () => {
    const blocks = blocksOf([new Uint8Array(20 * KiB), new Uint8Array(20 * KiB)])
    expect(joined(blocks.take())).toHaveLength(40 * KiB)
    expect(joined(blocks.take())).toEqual([])
  })
})
