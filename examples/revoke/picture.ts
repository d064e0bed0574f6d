/**
 * A picture of the tool: what it prints in a terminal of 80 columns while a leak is rehearsed. Ids and times come from the clock,
 * which stands still, so the picture is the same byte for byte wherever it is drawn.
 */
import { Data, Effect } from "effect"
import { type Step, start } from "../../test/support/process.js"
import { escaped } from "../timelines/svg.js"

const clock = `data:text/javascript,const now=Date.parse("2026-08-03T09:00Z");Date.now=()=>now`
const program = ["--import", clock, "--import", "tsx", "src/cli/main.ts"]
const command = ["revoke", "--leaked", "--rehearse"]

/** Gives the secret that the rehearsal says to paste. */
const paste: Step = [
  "(it is not shown): ",
  (child, shown) => child.stdin?.write(`${/^\S+==(?=\r)/m.exec(shown)?.[0]}\r`)
]

/** What is typed at the end of each question. */
const answers = [
  ["Its number, or Enter to delete nothing: ", "2"],
  ["to go on: ", "delete 1 key"],
  ["or press Enter to leave them: ", "1"],
  ["to go on: ", "delete 1 key"]
] as const

/** What is left out: what is between the line that begins with the one, and the line that begins with the other. */
const cuts = [
  ["A rehearsal", "The leaked secret (it is not shown): "],
  ["    800 d", "The leaked secret is of this workspace."],
  ["Type the numbers", "STILL ALIVE: "]
] as const

/** What stands beside the line that begins with this. */
const chapters = [
  ["The leaked secret (it is not shown): ", "check"],
  ["Which key is it?", "find"],
  ["To be deleted at", "revoke"],
  ["The list of keys was checked", "prove"],
  ["Read ", "audit"],
  ["STILL ALIVE: ", "what is left"]
] as const

class Unexpected extends Data.TaggedError("Unexpected")<{ readonly message: string }> {}

/** What a terminal shows of a line in which the cursor goes back. */
const shownOf = (line: string) => {
  const shown: Array<string> = []
  let column = 0
  for (const [part, n, what] of line.matchAll(/\p{Cc}\[(\d+)([GJK])|./gsu)) {
    if (what === "G") column = Number(n) - 1
    else if (what === "J") shown.splice(column)
    else if (what === "K") shown.splice(0)
    else if (part === "\r") column = 0
    else {
      shown[column] = part
      column += 1
    }
  }
  return Array.from(shown, (character = " ") => character).join("")
}

/** What a terminal shows of the rehearsal in the end, line by line. */
const rehearsed = Effect.gen(function* () {
  const typed = answers.map(([question, answer]): Step => [question, `${answer}\r`])
  const { code, output } = yield* start([process.execPath, ...program, ...command], {
    terminal: true,
    steps: [paste, ...typed]
  })
  if (code !== 0) return yield* new Unexpected({ message: `The tool ended with ${code}:\n${output}` })
  return output.trimEnd().split("\n").map(shownOf)
})

/** The line that begins with this, from an index on. */
const find = (lines: ReadonlyArray<string>, beginning: string, from: number) => {
  const index = lines.findIndex((line, at) => at >= from && line.startsWith(beginning))
  if (index !== -1) return Effect.succeed(index)
  return new Unexpected({ message: `No line begins with ${JSON.stringify(beginning)}:\n${lines.join("\n")}` })
}

const gap = "⋯"

const cropped = (lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const kept: Array<string> = []
    let from = 0
    for (const [before, after] of cuts) {
      const start = (yield* find(lines, before, from)) + 1
      kept.push(...lines.slice(from, start), gap)
      from = yield* find(lines, after, start)
    }
    return [...kept, ...lines.slice(from)]
  })

const title = "A rehearsal of a leak"
const description =
  "The tool checks a leaked secret, finds its key, deletes it, proves that it is dead, and audits what it did."

const width = 760
const left = 116
const top = 62
const lineHeight = 17

// Colours and a background of its own: a page may be light while the reader's system is dark.
const style = `<style>
text{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328;white-space:pre}
.c{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-weight:600;fill:#0969da}
.m{fill:#59636e}.typed{fill:#0969da;font-weight:700}.ground{fill:#fff;stroke:#d1d9e0}.bar{stroke:#d1d9e0}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.c,.typed{fill:#58a6ff}.m{fill:#9198a1}.ground{fill:#0d1117;stroke:#3d444d}.bar{stroke:#3d444d}}
</style>`

const text = (x: number, y: number, content: string, classes = "") =>
  `<text x="${x}" y="${y}"${classes === "" ? "" : ` class="${classes}"`} xml:space="preserve">${content}</text>`

/** A line, in which what was typed stands out. */
const contentOf = (line: string) => {
  const answered = answers.find(([question, answer]) => line.endsWith(question + answer))
  if (answered === undefined) return escaped(line)
  const [, answer] = answered
  return `${escaped(line.slice(0, -answer.length))}<tspan class="typed">${escaped(answer)}</tspan>`
}

const drawn = (lines: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const long = lines.find((line) => line.length > 80)
    if (long !== undefined) return yield* new Unexpected({ message: `More than 80 columns: ${long}` })
    const y = (index: number) => top + index * lineHeight
    const labels = yield* Effect.forEach(chapters, ([beginning, label]) =>
      Effect.map(find(lines, beginning, 0), (index) => text(20, y(index), label, "c"))
    )
    const height = y(lines.length)
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title desc">`,
      `<title id="title">${title}</title>`,
      `<desc id="desc">${description}</desc>`,
      style,
      `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" class="ground"/>`,
      text(left, 26, `$ npm run tool -- ${command.join(" ")}`, "m"),
      `<path d="M1 40H${width - 1}" class="bar"/>`,
      ...lines.flatMap((line, index) =>
        line === "" ? [] : [text(left, y(index), contentOf(line), line === gap ? "m" : "")]
      ),
      ...labels,
      "</svg>",
      ""
    ].join("\n")
  })

/** Fails if the tool no longer prints what the picture is made of. */
export const picture = rehearsed.pipe(Effect.flatMap(cropped), Effect.flatMap(drawn))
