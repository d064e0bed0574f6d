/** Draws the timelines beside this file: `npm run timelines`. A test fails if they are out of date. */
import { writeFile } from "node:fs/promises"
import { Console, Effect, TestContext } from "effect"
import { pictures } from "./pictures.js"

const draw = Effect.forEach(Object.entries(pictures), ([file, picture]) =>
  Effect.gen(function* () {
    const svg = yield* Effect.provide(picture, TestContext.TestContext)
    yield* Effect.promise(() => writeFile(new URL(file, import.meta.url), svg))
    yield* Console.log(`${file}: ${svg.length} characters`)
  })
)

await Effect.runPromise(draw)
