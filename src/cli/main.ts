/**
 * `effect-instantly`, the command line tool. This file runs the command that the arguments name, and turns its end into an
 * exit code.
 */
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Arguments from "./arguments.js"
import { check } from "./check.js"
import { codes, usage } from "./ended.js"
import * as File from "./file.js"
import * as Help from "./help.js"
import { list } from "./list.js"
import { revoke } from "./revoke.js"
import { print, tell } from "./terminal.js"
import { version } from "./version.js"

const commands = { revoke, list, check }

const run = (wanted: Arguments.Wanted) => {
  switch (wanted._tag) {
    case "Help":
      return Effect.as(print(Option.match(wanted.command, { onNone: () => Help.ofAll, onSome: Help.ofCommand })), 0)
    case "Version":
      return Effect.as(print(version), 0)
    case "Run":
      return Effect.catchTag(
        commands[wanted.given.command](wanted.given),
        "ConfigError",
        (error: ConfigError.ConfigError) => usage(String(error))
      )
  }
}

const exitWith = (code: number) =>
  Effect.sync(() => {
    process.exitCode = Math.max(code, Number(process.exitCode ?? 0))
  })

const program = Effect.suspend(() => Arguments.read(process.argv.slice(2))).pipe(
  Effect.flatMap(run),
  Effect.catchTag("Ended", ({ code, message }) => Effect.as(tell(message), code)),
  // Its message could hold anything.
  Effect.catchAllDefect((defect) =>
    Effect.as(
      tell(
        `The tool failed: ${defect instanceof Error ? defect.name : "unknown"}. It may have deleted keys: list them.`
      ),
      codes.unknown
    )
  ),
  Effect.flatMap(exitWith)
)

// Without a listener, a reader that goes away would end the process at once.
process.stdout.on("error", constVoid)
process.stderr.on("error", constVoid)
// A reader that goes away has read enough. What a full disk lacks is lost.
process.stdout.once("error", (error) => {
  const { code, reason } = File.ofError(error)
  if (code === "EPIPE") return
  Effect.runFork(Effect.zipRight(tell(`stdout cannot be written: ${reason}.`), exitWith(codes.failed)))
})

// `NodeRuntime.runMain` would interrupt what is under way at the first Ctrl-C.
await Effect.runPromise(program)
