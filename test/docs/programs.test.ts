import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { ApiKeys, Instantly } from "effect-instantly"
import { Fault, InstantlyMock, VirtualTime } from "effect-instantly/testing"
import { served } from "../../examples/embedded/served.js"
import { runExample } from "../support/example.js"
import { run } from "../support/process.js"
import { blocksOf, page, root } from "./pages.js"

const folder = "test/.generated/programs"
const program = `${folder}/app.mts`
const first = blocksOf(page("README.md").text, "ts")[0]?.code ?? ""
const idInIt = "019e18e2-78d4-7322-941a-7384d8969c61"

const write = (id: string) =>
  Effect.sync(() => {
    mkdirSync(join(root, folder), { recursive: true })
    writeFileSync(join(root, program), first.replace(idInIt, id))
  })

afterAll(() => rmSync(join(root, folder), { recursive: true, force: true }))

describe("the four lines of README", () => {
  it.effect("are what a lost response prints", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [caller, leaked] = yield* Effect.all([mock.createApiKey(), mock.createApiKey()])
      yield* mock.script(Fault.next(Fault.loseResponse))
      const error = yield* Effect.flip(ApiKeys.delete(leaked.id)).pipe(
        Effect.provide(Instantly.layer({ apiKey: caller.secret })),
        Effect.withRandom(Random.fixed([1]))
      )
      const [block] = blocksOf(page("README.md").text, "text")
      expect(`${String(error).replace(leaked.id, idInIt)}\n`).toBe(block?.code)
    }).pipe(Effect.provide(InstantlyMock.layer()), VirtualTime.run)
  )
})

describe("the test of README", () => {
  it.live("gives the outcome that its comment names", () =>
    Effect.gen(function* () {
      const test = blocksOf(page("README.md").text, "ts").find(({ code }) => code.includes("VirtualTime.run"))?.code
      expect(test).toContain('.outcome // "Unknown"')
      mkdirSync(join(root, folder), { recursive: true })
      const file = `${folder}/test.mts`
      writeFileSync(join(root, file), `${test}\nconsole.log(await Effect.runPromise(lostResponse))`)
      expect(yield* run(file, [])).toEqual({ code: 0, output: "Unknown\n" })
    })
  )
})

describe("the recipe for other endpoints", () => {
  it.live("gives what its fault responds with", () =>
    Effect.gen(function* () {
      const blocks = blocksOf(page("examples/testing/README.md").text, "ts")
      const recipe = blocks.find(({ code }) => code.includes("client.execute"))?.code ?? ""
      mkdirSync(join(root, folder), { recursive: true })
      const file = `${folder}/recipe.mts`
      writeFileSync(join(root, file), `${recipe}\nconsole.log(JSON.stringify(await Effect.runPromise(workspace)))`)
      expect(yield* run(file, [])).toEqual({ code: 0, output: `{"name":"Acme"}\n` })
    })
  )
})

describe("the first program of README", () => {
  it.live("deletes a key, then says why it cannot and ends with 1; and it names a missing setting", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const leaked = yield* mock.createApiKey({ name: "leaked" })
      expect(first).toContain(idInIt)
      yield* write(leaked.id)
      expect(yield* runExample(program, [])).toEqual({ code: 0, output: "deleted leaked\n" })
      expect(yield* runExample(program, [])).toEqual({
        code: 1,
        output: expect.stringMatching(/NotFound: Instantly has nothing .*outcome NotApplied/s)
      })
      expect(yield* run(program, [])).toEqual({ code: 1, output: expect.stringContaining("INSTANTLY_API_KEY") })
    }).pipe(Effect.provide(served()))
  )
})
