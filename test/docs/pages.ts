/** The pages of the documentation: README, and the chapters beside what they teach. */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../..", import.meta.url))

export interface Page {
  /** Its path from the root of the project. */
  readonly path: string
  readonly text: string
}

const pagesIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md") && !file.includes("node_modules"))
    .map((file) => join(folder, file))

/** Every page, but for the list of changes. */
export const pages: ReadonlyArray<Page> = ["README.md", ...["examples", "test", ".github"].flatMap(pagesIn)].map(
  (path) => ({ path, text: readFileSync(join(root, path), "utf8") })
)

/** One page. */
export const page = (path: string): Page => {
  const found = pages.find((page) => page.path === path)
  if (found === undefined) throw new Error(`There is no page ${path}.`)
  return found
}

export interface Block {
  readonly code: string
  /** The line of the page that it begins at. */
  readonly line: number
}

/** The blocks of a text in this language. */
export const blocksOf = (text: string, language: string): ReadonlyArray<Block> =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(({ 1: code = "", index }) => ({
    code,
    line: text.slice(0, index).split("\n").length
  }))

/** What the links and pictures of a page point to: a path from the root, and the heading within it, where there is one. */
export const linksOf = ({ path, text }: Page) =>
  [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/\]\(([^)\s]+)\)/g)].flatMap(({ 1: link = "" }) => {
    if (/^https?:/.test(link)) return []
    const [file = "", heading] = link.split("#")
    return [{ link, target: file === "" ? path : join(dirname(path), file), heading }]
  })

/** The names by which the headings of a text are linked to. */
export const headingsOf = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-")
  )

/** The commands of a page: the lines of its shell blocks, and what stands in backticks in a table of commands. */
export const commandsOf = ({ text }: Page): ReadonlyArray<string> => {
  const inBlocks = blocksOf(text, "sh").flatMap(({ code }) => code.split("\n"))
  const inText = [...text.replaceAll(/^```[\s\S]*?^```$/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code)
  return (
    [...inBlocks, ...inText]
      .map((line) => line.replace(/\s+#.*$/, "").trim())
      .flatMap((line) => line.split(" && "))
      .map((line) => line.replace(/^(?:[A-Z_]+=\S+ )+/, ""))
      // not a mention, such as "npm run may end with 130"
      .filter((line) => /^(?:npm (?!run$)|npx \S+ |node -|bash )\S/.test(line))
  )
}
