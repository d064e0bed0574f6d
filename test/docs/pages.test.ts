import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { InstantlyError } from "effect-instantly"
import pkg from "../../package.json" with { type: "json" }
import * as Arguments from "../../src/cli/usage/arguments.js"
import { commandsOf, headingsOf, linksOf, page, pages, root } from "./pages.js"

const tests = ["examples", "test"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file))
  )
  .filter((file) => !file.includes("node_modules"))
const sources = tests.filter((file) => file.endsWith(".test.ts")).map((file) => readFileSync(join(root, file), "utf8"))

/** Why the tool would refuse these arguments; nothing where it does not. */
const asTool = (args: ReadonlyArray<string>) =>
  Effect.match(Arguments.read(args, {}), { onFailure: ({ message }) => message, onSuccess: () => undefined })

/** Why a command of a page would not work; nothing where it does. */
const problemOf = (command: string): Effect.Effect<string | undefined> => {
  const [program = "", name = "", ...args] = command.split(" ").filter((word) => word !== "-y")
  const rest = args.filter((word) => word !== "--")
  if (program === "node" || program === "bash") {
    const file = [name, ...rest].find((word) => /[./]/.test(word) && !word.startsWith("-")) ?? ""
    return Effect.succeed(existsSync(join(root, file)) ? undefined : "no such file")
  }
  if (program === "npm") {
    if (["install", "i", "ci", "init", "pkg", "pack", "version", "publish"].includes(name))
      return Effect.succeed(undefined)
    if (name === "run") {
      const [script = "", ...given] = rest
      if (script === "tool" && given.length > 0) return asTool(given)
      return Effect.succeed(Object.hasOwn(pkg.scripts, script) ? undefined : "no such script")
    }
    if (name !== "test") return Effect.succeed("not known")
    const path = rest.find((word) => !word.startsWith("-"))
    return Effect.succeed(tests.some((file) => file.startsWith(path ?? "")) ? undefined : "no such tests")
  }
  if (name === "tsx") {
    const file = rest[0] ?? ""
    if (/^app\.m?ts$/.test(file) || tests.some((one) => one === file && file.startsWith("test/bench/"))) {
      return Effect.succeed(undefined)
    }
    return Effect.succeed(sources.some((source) => source.includes(`"${file}"`)) ? undefined : "no test runs it")
  }
  if (name.includes("effect-instantly")) return asTool(args)
  return Effect.succeed(existsSync(join(root, "node_modules/.bin", name)) ? undefined : "no such program")
}

/** What fetches this package from the registry: whoever takes its name there would get the keys of those who run it. */
const fetchesByName = (text: string): ReadonlyArray<string> =>
  text.match(
    /\b(?:npx|bunx|pnpx|npm (?:exec|x|i|install|add|create)|(?:pnpm|yarn|bun) (?:add|dlx|x)|deno (?:add|run|install)) +(?:[^\s`&;|]+ +)*?(?:npm:)?effect-instantly(?![\w.-])\S*/g
  ) ?? []

describe("a package that is not published", () => {
  it.each([
    "npx effect-instantly revoke --leaked",
    "`npx -y effect-instantly@latest list`",
    "npm i effect@3 effect-instantly",
    "pnpm dlx effect-instantly",
    "yarn add effect-instantly",
    "deno run -A npm:effect-instantly"
  ])("is fetched by name by %s", (command) => {
    expect(fetchesByName(command)).toHaveLength(1)
  })

  it.each([
    "npm i ./effect-instantly-0.1.0.tgz effect@3",
    "npx ./effect-instantly-0.1.0.tgz revoke --leaked",
    "npm pkg set name=effect-instantly version=0.0.0"
  ])("is not fetched by name by %s", (command) => {
    expect(fetchesByName(command)).toEqual([])
  })

  it("is fetched by name on no page, in no docstring and by no message", () => {
    const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join("src", file))
    const read = ["CHANGELOG.md", ...pages.map(({ path }) => path), ...files]
    expect(files.length).toBeGreaterThan(30)
    const found = read.map((path) => [path, fetchesByName(readFileSync(join(root, path), "utf8"))] as const)
    expect(found.filter(([, commands]) => commands.length > 0)).toEqual([])
  })
})

describe("the page of errors", () => {
  it("has a heading for the tag of every error, to which a link can lead", () => {
    const tags = InstantlyError.InstantlyError.members.map(({ _tag }) => _tag)
    const headings = [...page("test/docs/errors.md").text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(tags)
  })

  it("says of each when it comes, its outcome and what to do", () => {
    const [, ...sections] = page("test/docs/errors.md").text.split(/^## /m)
    const incomplete = sections.filter(
      (section) => !["When", "Outcome", "What to do"].every((question) => section.includes(`- **${question}:** `))
    )
    expect(incomplete).toEqual([])
  })
})

describe("README", () => {
  it("has at most 200 lines", () => {
    expect(page("README.md").text.split("\n").length - 1).toBeLessThanOrEqual(200)
  })
})

describe.each(pages.map((page) => [page.path, page] as const))("%s", (_, page) => {
  it("links to files and headings that are there", () => {
    const broken = linksOf(page).filter(({ heading, target }) => {
      if (!existsSync(join(root, target))) return true
      return heading !== undefined && !headingsOf(readFileSync(join(root, target), "utf8")).includes(heading)
    })
    expect(broken).toEqual([])
  })

  it("does not have anybody run whatever is published on npm under the name that is not reserved yet", () => {
    expect(page.text).not.toMatch(/\b(?:npx|pnpx|bunx|pnpm dlx|yarn dlx|npm exec)(?: -\S+)* effect-instantly\b/)
  })

  it.effect("names commands that work", () =>
    Effect.gen(function* () {
      const problems = yield* Effect.forEach(commandsOf(page), (command) =>
        Effect.map(problemOf(command), (problem) => ({ command, problem }))
      )
      expect(problems.filter(({ problem }) => problem !== undefined)).toEqual([])
    })
  )
})
