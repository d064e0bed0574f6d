import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { served } from "../../../examples/embedded/served.js"
import { expectPlain, hostileName } from "../../support/example.js"
import { absent, bundled, directory, fileOf, keys, live, sent, tags } from "../../support/tool.js"

bundled()

describe("wrong usage", () => {
  const foreign = () => fileOf(`${JSON.stringify({ id: absent, made: "elsewhere" })}\n`)

  it.live.each([
    ["an argument that is not an id", () => [absent, "made-up-secret", "--yes"], "", "Argument 2 is not the id"],
    ["an unknown option", () => [absent, "--lively=made-up-secret"], "", "--lively is not an option of revoke"],
    [
      "a secret after --leaked",
      () => ["--leaked", "made-up-secret", "--yes"],
      "",
      "If you gave a secret, it has leaked now"
    ],
    ["a name in place of an id", () => ["zapier", "--yes"], "", "To choose keys by their names, give --name."],
    ["a dash for a file", () => ["--file", "-", "--yes"], "", "To read ids from stdin, give --stdin"],
    [
      "a line of a file",
      () => ["--file", fileOf(`# ids\n\n${absent} # why\nmade-up-secret\n`), "--yes"],
      "",
      "In --file, line 4 is not"
    ],
    ["a line of stdin", () => ["--stdin", "--yes"], `${absent}\nmade-up-secret\n`, "On stdin, line 2 is not"],
    [
      "a missing file",
      () => ["--file", "/none", "--yes"],
      "",
      "The file of --file cannot be read: there is no such file"
    ],
    [
      "a secret in place of a file",
      () => ["--file", "made-up-secret", "--yes"],
      "",
      "If you gave a secret, it has leaked"
    ],
    [
      "a secret in place of a journal",
      () => [absent, "--journal", "/made-up-secret/x", "--yes"],
      "",
      "it has leaked now"
    ],
    ["a secret in a pipe, without --yes", () => ["made-up-secret"], "", "If you gave a secret, it has leaked now"],
    ["no ids at all", () => ["--yes"], "", "Say which keys"],
    ["an empty name", () => ["--name", "", "--yes"], "", "--name needs a value"],
    ["no --yes in a pipe", () => [absent], "", "add --yes"],
    ["--leaked and --stdin", () => ["--leaked", "--stdin", "--yes"], "x\n", "do not go together"],
    ["no secret for --leaked", () => ["--leaked", absent, "--yes"], "\n", "The leaked secret is empty"],
    ["a secret of two words", () => ["--leaked", absent, "--yes"], "made-up-secret too\n", "it has spaces"],
    ["a file that is no journal", () => [absent, "--journal", foreign(), "--yes"], "", "Line 1 of the journal"],
    ["a directory for a journal", () => [absent, "--journal", directory, "--yes"], "", "it is a directory"],
    [
      "a journal in no directory",
      () => [absent, "--yes", "--journal", join(directory, "none", "file")],
      "",
      "there is no such file or directory"
    ],
    ["--fsync without a journal", () => [absent, "--fsync", "--yes"], "", "give --journal"]
  ] as const)("is %s: exit code 2, nothing sent, nothing repeated", ([, args, input, words]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const { code, output } = yield* live(args(), { input })
      expect(output).toContain(words)
      expect(code).toBe(2)
      expect(yield* mock.arrivals).toEqual([])
    }).pipe(Effect.provide(served()))
  )
})

describe("which keys", () => {
  it.live("are those of the arguments, the file, stdin and the name together, each once", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const [a, b, c, d] = (yield* keys(4)).map(({ id }) => id)
      yield* mock.createApiKey({ name: "Zapier" })
      const zapier = yield* mock.createApiKey({ name: "old zapier" })
      const file = fileOf(`\uFEFF# to go\r\n${b}\r\n\r\n${String(a).toUpperCase()}\r\n`)
      const { code, stdout } = yield* live([`${a}`, "--file", file, "--stdin", "--name", "zapier", "--yes"], {
        input: `${c}\n${d}`
      })
      expect(code).toBe(0)
      expect((yield* sent).sort()).toEqual([a, b, c, d, zapier.id].sort())
      expect(tags(stdout)).toEqual(["Deleted", "Deleted", "Deleted", "Deleted", "Deleted"])
    }).pipe(Effect.provide(served()))
  )

  it.live("act in the workspace of INSTANTLY_WORKSPACE_ID", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const sub = yield* mock.createWorkspace({ admin: mock.workspaceId })
      yield* mock.createApiKey({ name: "client", workspaceId: sub })
      const { code } = yield* live(["--name", "client", "--yes"], { environment: { INSTANTLY_WORKSPACE_ID: sub } })
      expect(code).toBe(0)
      expect((yield* mock.apiKeys).map(({ name }) => name)).toEqual(["caller"])
    }).pipe(Effect.provide(served()))
  )

  it.live("are shown by --dry-run, which deletes none and says what is not there", () =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const key = yield* mock.createApiKey({ name: hostileName, scopes: ["leads:all"] })
      const { code, stderr, stdout } = yield* live([key.id, absent, "--dry-run"])
      expect(code).toBe(0)
      expect(stderr).toContain(`workspace ${mock.workspaceId}`)
      expectPlain(stderr)
      expect(
        stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
      ).toEqual([
        { _tag: "WouldDelete", id: key.id, name: hostileName },
        { _tag: "WouldDelete", id: absent, name: null }
      ])
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )
})
