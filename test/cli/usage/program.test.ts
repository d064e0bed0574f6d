import { spawnSync } from "node:child_process"
import { expect, it } from "@effect/vitest"
import { quoted } from "../../../src/cli/usage/program.js"

it.each([
  "zapier",
  "zapier (old)",
  "it's",
  'a "b" $HOME `id`',
  "❤\uFE0F \u{1F469}\u200D\u{1F4BB}",
  "\u202E\\'x",
  "a\nb"
])("a shell reads %j back as it was", (word) => {
  const { stdout } = spawnSync("bash", ["-c", `printf '%s' ${quoted(word)}`], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C.UTF-8" }
  })
  expect(stdout).toBe(word)
  expect(quoted(word)).not.toMatch(/\p{C}|\u{FE0F}/u)
})
