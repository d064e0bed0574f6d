import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, Option, Redacted, TestClock } from "effect"
import { InstantlyMock } from "effect-instantly/testing"
import { address, served } from "../../../examples/embedded/served.js"
import * as Credential from "../../../src/cli/instantly/credential.js"
import * as Keyboard from "../../../src/cli/terminal/keyboard.js"
import {
  atDouble,
  bundled,
  fileOf,
  type Given,
  hasScript,
  inOneLine,
  nowhere,
  path,
  program,
  tool
} from "../../support/tool.js"

bundled()

/** `list` with a key that works from an option, while the environment has another one. */
const listWith = (args: ReadonlyArray<string>, given: Given = {}) =>
  Effect.gen(function* () {
    const environment = { INSTANTLY_API_KEY: "made-up-secret-unknown", INSTANTLY_BASE_URL: yield* address }
    return yield* tool(["list", ...args], { ...given, environment: { ...environment, ...given.environment } })
  })

describe("the API key to call with", () => {
  it.live("comes from --key-file or --key-command before the environment", () =>
    Effect.gen(function* () {
      const secret = (yield* atDouble).INSTANTLY_API_KEY
      expect((yield* listWith([])).code).toBe(4)
      const file = yield* listWith(["--key-file", fileOf(`INSTANTLY_API_KEY='${secret}'\n`)])
      expect(file.output).toContain("The text of --key-file: the text around it was left out (NAME=, the quotes).")
      expect(file.code).toBe(0)
      const command = yield* listWith(["--key-command", `cat ${fileOf(secret)} | tr -d x && echo "$NOTHING"`])
      expect(command.code, command.output).toBe(0)
    }).pipe(Effect.provide(served()))
  )

  it.live.each([
    {
      what: "a file that is missing",
      args: () => ["--key-file", "/none"],
      words: "The file of --key-file cannot be read: there is no such file or directory."
    },
    {
      what: "a secret in place of a file",
      args: () => ["--key-file", "made-up-secret"],
      words: "If you gave a secret, it has leaked now"
    },
    { what: "an empty file", args: () => ["--key-file", fileOf("\n")], words: "The text of --key-file is empty" },
    {
      what: "a file of two lines",
      args: () => ["--key-file", fileOf("made-up-secret\nmade-up-secret\n")],
      words: "has more than one line"
    },
    {
      what: "a command that fails",
      args: () => ["--key-command", "echo made-up-secret; echo made-up-secret >&2; exit 7"],
      words: "The --key-command failed: exit code 7. What it printed is not shown."
    },
    { what: "a command that says nothing", args: () => ["--key-command", "true"], words: "--key-command is empty" },
    {
      what: "both options",
      args: () => ["--key-command", "true", "--key-file", "/none"],
      words: "Give --key-file or --key-command, not both."
    }
  ])("is not guessed from $what: exit code 2", ({ args, words }) =>
    Effect.gen(function* () {
      const { code, output } = yield* tool(["list", ...args()], { environment: nowhere })
      expect(output).toContain(words)
      expect(code).toBe(2)
    })
  )

  it.live(
    "may stand in quotes or behind Bearer in the environment; what cannot be a secret is named, and not shown",
    () =>
      Effect.gen(function* () {
        const secret = (yield* atDouble).INSTANTLY_API_KEY
        const quoted = yield* listWith([], { environment: { INSTANTLY_API_KEY: `"${secret}"` } })
        expect(quoted.output).toContain("INSTANTLY_API_KEY: the text around it was left out (the quotes).")
        expect(quoted.code).toBe(0)
        const bearer = yield* listWith([], { environment: { INSTANTLY_API_KEY: `Bearer ${secret}` } })
        expect(bearer.code).toBe(0)
        const words = yield* listWith([], { environment: { INSTANTLY_API_KEY: `${secret} or so` } })
        expect(words).toMatchObject({
          code: 2,
          output: expect.stringContaining("INSTANTLY_API_KEY cannot be a secret")
        })
      }).pipe(Effect.provide(served()))
  )

  it.live.skipIf(!hasScript)("is asked for in a terminal, until one is pasted, and not shown", () =>
    Effect.gen(function* () {
      const secret = (yield* atDouble).INSTANTLY_API_KEY
      const { code, output } = yield* listWith([], {
        terminal: true,
        environment: { INSTANTLY_API_KEY: "" },
        steps: [
          ["The API key to call with (it is not shown): ", "\r"],
          ["The API key to call with (it is not shown): ", "made-up-secret-unknown\r"],
          ["The API key to call with (it is not shown): ", `${secret}\r`]
        ]
      })
      expect(inOneLine(output)).toContain("with an API key. It needs the scope api_keys:read.")
      expect(output).toContain('[this tool calls with it] "caller"')
      expect(output).toContain("Instantly refuses this one. Paste another one, or press Ctrl-C to end.")
      expect(output).not.toContain(secret)
      expect(code).toBe(0)
    }).pipe(Effect.provide(served()))
  )
})

it.effect("a --key-command that does not end within a minute is given up", () =>
  Effect.gen(function* () {
    const finding = yield* Effect.fork(
      Effect.flip(
        Credential.find({
          command: "list",
          words: [],
          again: "",
          has: () => false,
          get: (option) => (option === "key-command" ? Option.some("exec sleep 1000") : Option.none())
        })
      )
    )
    yield* TestClock.adjust("59 seconds")
    expect(Option.isNone(yield* Fiber.poll(finding))).toBe(true)
    yield* TestClock.adjust("1 second")
    expect(String(yield* Fiber.join(finding))).toContain("The --key-command did not end within 1m")
  }).pipe(Effect.provide(Keyboard.layer))
)

describe.skipIf(!hasScript)("the terminal's echo", () => {
  /** Asks for a secret in a terminal, sends the tool this signal, and returns what is left of the terminal. */
  const after = (signal: NodeJS.Signals) =>
    Effect.async<string>((resume) => {
      const pid = path()
      // The shell writes its own id down and becomes the tool.
      const asking = `sh -c 'echo $$ > ${pid}; exec ${process.execPath} ${program} check --rehearse'`
      const child = spawn("script", ["-qec", `${asking}; echo "code $?"; stty -a`, "/dev/null"])
      let output = ""
      let isAsked = false
      child.stdout.on("data", (chunk) => {
        output += String(chunk)
        if (isAsked || !output.includes("(it is not shown)")) return
        isAsked = true
        process.kill(Number(readFileSync(pid, "utf8")), signal)
      })
      child.on("close", () => resume(Effect.succeed(output)))
    })

  it.live.each([
    { signal: "SIGHUP", code: 2 },
    { signal: "SIGINT", code: 2 },
    { signal: "SIGTERM", code: 2 },
    { signal: "SIGQUIT", code: 131 },
    { signal: "SIGUSR1", code: 138 },
    { signal: "SIGUSR2", code: 140 },
    { signal: "SIGALRM", code: 142 }
  ] as const)("is there again after $signal, which is exit code $code", ({ code, signal }) =>
    Effect.gen(function* () {
      const output = yield* after(signal)
      expect(output).toContain(`code ${code}`)
      expect(output).toMatch(/ echo\b/)
      expect(output).toMatch(/ icanon\b/)
    })
  )
})

it.live("a secret that is shown nowhere else is in no output of list either", () =>
  Effect.gen(function* () {
    const mock = yield* InstantlyMock.InstantlyMock
    const environment = yield* atDouble
    const other = yield* mock.createApiKey()
    const { output } = yield* tool(["list"], { environment })
    expect(output).toContain(other.id)
    expect(output).not.toContain(Redacted.value(other.secret))
    expect(output).not.toContain(environment.INSTANTLY_API_KEY)
  }).pipe(Effect.provide(served()))
)
