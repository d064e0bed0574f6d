import { Console, Effect } from "effect"

/** A step of the story, with its number. */
export const step = (number: number, title: string) => Console.log(`\n${number}  ${title}`)

/** What happened, a line each. */
export const say = (...lines: ReadonlyArray<string>) =>
  Effect.forEach(
    lines.flatMap((line) => line.split("\n")),
    (line) => Console.log(`   ${line}`),
    { discard: true }
  )
