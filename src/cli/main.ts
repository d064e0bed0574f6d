/**
 * `effect-instantly`, the command line tool. This file runs the command that the arguments name, and turns its end into an
 * exit code.
 */
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import manifest from "../../package.json" with { type: "json" }
import { audit } from "./commands/audit.js"
import { check } from "./commands/check.js"
import { list } from "./commands/list.js"
import { revoke } from "./commands/revoke.js"
import * as Keyboard from "./terminal/keyboard.js"
import { print, say } from "./terminal/terminal.js"
import * as Arguments from "./usage/arguments.js"
import { codes, Exit, usage } from "./usage/exit.js"
import * as File from "./usage/file.js"
import * as Help from "./usage/help.js"

const commands = { revoke, list, check, audit }

const nothingDeleted = (exit: Exit) =>
  exit.code === codes.usage ? new Exit({ code: exit.code, message: `${exit.message}\nNothing was deleted.` }) : exit

const run = (invocation: Arguments.Invocation) => {
  switch (invocation._tag) {
    case "Help":
      return Effect.as(print(Option.match(invocation.command, { onNone: () => Help.ofAll, onSome: Help.ofCommand })), 0)
    case "Version":
      return Effect.as(print(manifest.version), 0)
    case "Run": {
      const { args } = invocation
      return commands[args.command](args).pipe(
        Effect.catchTag("ConfigError", (error: ConfigError.ConfigError) => usage(String(error))),
        Effect.mapError((exit) => (args.command === "revoke" ? nothingDeleted(exit) : exit))
      )
    }
  }
}

const exitWith = (code: number) =>
  Effect.sync(() => {
    process.exitCode = Math.max(code, Number(process.exitCode ?? 0))
  })

const program = Effect.suspend(() => Arguments.read(process.argv.slice(2), process.env)).pipe(
  Effect.flatMap(run),
  Effect.catchTag("Exit", ({ code, message }) => Effect.as(say(message), code)),
  // Its message could hold anything.
  Effect.catchAllDefect((defect) =>
    Effect.as(
      say(
        `The tool failed: ${defect instanceof Error ? defect.name : "unknown"}. It may have deleted keys: list them.`
      ),
      codes.unknown
    )
  ),
  Effect.flatMap(exitWith),
  Effect.provide(Keyboard.layer)
)

// Without a listener, a reader that goes away would end the process at once.
process.stdout.on("error", constVoid)
process.stderr.on("error", constVoid)
// A reader that goes away has read enough. What a full disk lacks is lost, which can show after the program has ended.
process.stdout.once("error", (error) => {
  const { code, reason } = File.fromUnknown(error)
  if (code === "EPIPE") return
  Effect.runFork(Effect.zipRight(say(`stdout cannot be written: ${reason}.`), exitWith(codes.failed)))
})

// `NodeRuntime.runMain` would interrupt what is under way at the first Ctrl-C.
await Effect.runPromise(program)

// Node would abort at its exit, because it cannot reset a terminal that has been closed.
if (await Effect.runPromise(Keyboard.isHungUp)) process.kill(process.pid, "SIGHUP")
