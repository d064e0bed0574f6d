import { spawnSync } from "node:child_process"
import { describe, expect, it } from "@effect/vitest"
import { Data, Effect, Schedule } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { served } from "../../../examples/embedded/served.js"
import { atDouble, bundled, directory, fileOf, program } from "../../support/tool.js"
import { hostileNames } from "./hostile.js"

bundled()

const hasTmux = spawnSync("tmux", ["-V"]).status === 0

class NotYet extends Data.TaggedError("NotYet") {}

/** What a real screen of so many columns shows of the tool, once it shows this. */
const screenOf = (args: ReadonlyArray<string>, columns: number, seen: string) =>
  Effect.gen(function* () {
    const environment = yield* atDouble
    const tmux = (...rest: ReadonlyArray<string>) =>
      spawnSync("tmux", ["-L", `instantly-${process.pid}`, "-f", "/dev/null", ...rest], {
        encoding: "utf8",
        env: { ...process.env, ...environment, LC_ALL: "C.UTF-8", TMUX_TMPDIR: directory }
      }).stdout
    yield* Effect.acquireRelease(
      Effect.sync(() =>
        tmux("-u", "new-session", "-d", "-x", `${columns}`, "-y", "450", [process.execPath, program, ...args].join(" "))
      ),
      () => Effect.sync(() => tmux("kill-server"))
    )
    return yield* Effect.sync(() => tmux("capture-pane", "-p", "-S", "-2000")).pipe(
      Effect.filterOrFail(
        (screen) => screen.includes(seen),
        () => new NotYet()
      ),
      Effect.retry(Schedule.spaced("50 millis")),
      Effect.timeout("20 seconds")
    )
  }).pipe(Effect.scoped)

describe.skipIf(!hasTmux)("on a real screen (needs tmux)", () => {
  it.live.each([{ columns: 80 }, { columns: 200 }])(
    "200 keys with hostile names are 200 rows with their true scopes, at $columns columns",
    ({ columns }) =>
      Effect.gen(function* () {
        const mock = yield* InstantlyMock.InstantlyMock
        const all = yield* Effect.forEach(hostileNames, (name, n) =>
          mock.createApiKey({ name, scopes: n % 3 === 0 ? ["campaigns:read"] : ["leads:all", "accounts:read"] })
        )
        const screen = yield* screenOf(
          ["revoke", "--file", fileOf(all.map(({ id }) => id).join("\n"))],
          columns,
          "go on:"
        )
        const shown = screen
          .split("\n")
          .map((line) => /^(.*?) +0 min {2}("[a-z_: ]*") {2}([0-9a-f-]{36})$/.exec(line))
          .filter((match) => match !== null)
          .map(([, , scopes, id]) => `${scopes} ${id}`)
        expect(shown).toEqual(all.map(({ id, scopes }) => `"${scopes.join(" ")}" ${id}`))
        expect(screen.split("\n").filter((line) => /^- {2}"/.test(line))).toHaveLength(200)
      }).pipe(Effect.provide(served())),
    60_000
  )
})
