/** Draws the picture beside this file: `npm run timelines`. A test fails if it is out of date. */
import { writeFile } from "node:fs/promises"
import { Console, Effect } from "effect"
import { picture } from "./picture.js"

const draw = Effect.gen(function* () {
  const svg = yield* picture
  yield* Effect.promise(() => writeFile(new URL("leaked.svg", import.meta.url), svg))
  yield* Console.log(`leaked.svg: ${svg.length} characters`)
})

await Effect.runPromise(draw)
