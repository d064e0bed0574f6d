/** How the demo prints: in paragraphs, on lines that fit a terminal of 80 columns. */
import { Console } from "effect"

const columns = 80

/** Where the facts of a call may be broken: after a dot, and not within a fact. */
const betweenFacts = /(?<= ·) /

/** A line of text on as few lines as it fits on, each after this indentation. A word that is longer stays whole. */
const wrap = (text: string, indentation: string): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = indentation
  for (const part of text.split(text.includes(" · ") ? betweenFacts : " ")) {
    const isFirst = line === indentation
    if (isFirst || line.length + 1 + part.length <= columns) line += isFirst ? part : ` ${part}`
    else {
      lines.push(line)
      line = `${indentation}${part}`
    }
  }
  return [...lines, line]
}

/** A text, each line of it wrapped, with the same indentation before all of them. */
export const say = (text: string, indentation = "   ") =>
  Console.log(
    text
      .split("\n")
      .flatMap((line) => wrap(line, indentation))
      .join("\n")
  )

/** A row of a table, which is not wrapped. */
export const row = (...cells: ReadonlyArray<string>) => Console.log(`   ${cells.join("  ")}`)

/** The title of a step of the story, with its number. */
export const step = (number: number, title: string) => Console.log(`\n${number}  ${title}`)
