import { join } from "node:path"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { expectPlain, hostileName, hostileNamePrinted } from "../../test/support/example.js"
import {
  absent,
  bundled,
  directory,
  fileOf,
  keys,
  live,
  nowhere,
  path,
  revoke,
  sent,
  tags
} from "../../test/support/tool.js"
import { served } from "../embedded/served.js"

bundled()

describe("wrong usage", () => {
  const foreign = () => fileOf(`${JSON.stringify({ id: absent, made: "elsewhere" })}\n`)

  it.live.each([
    ["an argument that is not an id", () => [absent, "made-up-secret", "--yes"], "", "Argument 2 is not the id"],
    ["an unknown option", () => [absent, "--lively=made-up-secret", "--yes"], "", "is not the id"],
    ["a secret after --leaked", () => ["--leaked", "made-up-secret", "--yes"], "", "Argument 1 is not the id"],
    ["the parser's wizard", () => ["--wizard", "made-up-secret"], "", "There is no --wizard"],
    ["an unknown log level", () => ["--log-level", "made-up-secret"], "", "Nothing was sent"],
    [
      "a line of a file",
      () => ["--file", fileOf(`# ids\n\n${absent} # why\nmade-up-secret\n`), "--yes"],
      "",
      "In --file, line 4 is not"
    ],
    ["a line of stdin", () => ["--stdin", "--yes"], `${absent}\nmade-up-secret\n`, "On stdin, line 2 is not"],
    ["a missing file", () => ["--file", path(), "--yes"], "", "The --file cannot be read"],
    ["no ids at all", () => ["--yes"], "", "Say which keys"],
    ["an empty name", () => ["--name", "", "--yes"], "", "--name is empty"],
    ["no --yes in a pipe", () => [absent], "", "add --yes"],
    [
      "--leaked in a pipe with nothing to choose from",
      () => ["--leaked", "--yes"],
      "x\n",
      "give ids, --file or --name"
    ],
    ["--leaked and --stdin", () => ["--leaked", "--stdin", "--yes"], "x\n", "do not go together"],
    ["no secret for --leaked", () => ["--leaked", absent, "--yes"], "\n", "does not hold a secret"],
    [
      "a file that holds no receipts",
      () => [absent, "--receipts", foreign(), "--yes"],
      "",
      "In --receipts, line 1 is not"
    ],
    ["a directory for receipts", () => [absent, "--receipts", directory, "--yes"], "", "cannot be read"]
  ] as const)("is %s: exit code 2, nothing sent, nothing repeated", ([, args, input, words]) =>
    Effect.gen(function* () {
      const mock = yield* InstantlyMock.InstantlyMock
      const { code, output } = yield* live(args(), { input })
      expect(output).toContain(words)
      expect(code).toBe(2)
      expect(yield* mock.arrivals).toEqual([])
    }).pipe(Effect.provide(served()))
  )

  it.live("is a missing INSTANTLY_API_KEY, and an address without TLS", () =>
    Effect.gen(function* () {
      const keyless = yield* revoke(["--live", absent, "--yes"])
      expect(keyless).toMatchObject({ code: 2, output: expect.stringContaining("INSTANTLY_API_KEY") })
      const clear = yield* revoke(["--live", absent, "--yes"], {
        environment: { ...nowhere, INSTANTLY_BASE_URL: "http://instantly.invalid" }
      })
      expect(clear).toMatchObject({
        code: 2,
        output: expect.stringContaining('INSTANTLY_BASE_URL: "baseUrl must use https')
      })
    })
  )

  it.live("is a file of receipts that cannot be written, before anything is sent", () =>
    Effect.gen(function* () {
      const { code, output } = yield* live([absent, "--yes", "--receipts", join(directory, "none", "file")])
      expect(output).toContain("The --receipts file cannot be written")
      expect(code).toBe(2)
      expect(yield* sent).toEqual([])
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
      const { code, output } = yield* live([key.id, absent, "--dry-run"])
      expect(code).toBe(0)
      expect(output).toContain(`Workspace ${mock.workspaceId}`)
      expect(output).toContain(`${key.id}  ${hostileNamePrinted}  "leads:all"  0 min old`)
      expectPlain(output)
      expect(output).toContain(`${absent}  not in this workspace`)
      expect(yield* sent).toEqual([])
    }).pipe(Effect.provide(served()))
  )
})
