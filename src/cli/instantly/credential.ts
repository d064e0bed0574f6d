/** The API key that the tool calls with: an option, the environment, or a question. */
import { spawn } from "node:child_process"
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ApiKeys from "../../ApiKeys.js"
import { canAsk, say } from "../terminal/terminal.js"
import type { Arguments } from "../usage/arguments.js"
import { type Exit, ifItWasASecret, usage } from "../usage/exit.js"
import * as File from "../usage/file.js"
import { scopes } from "../usage/options.js"
import { quickly } from "./quickly.js"
import * as Secret from "./secret.js"
import { live, origin } from "./target.js"

/** The path is not shown, because people give the secret itself in its place. */
const ofFile = (path: string) =>
  File.read(path).pipe(
    Effect.mapError(({ reason }) => usage(`The file of --key-file cannot be read: ${reason}.\n${ifItWasASecret}`)),
    Effect.flatMap((text) => Secret.from("The text of --key-file", text))
  )

const timeLimit = Duration.minutes(1)
const longest = 65_536

/** What the command prints on stdout. What it prints on stderr is not shown either, because that can be the secret, too. */
const outputOf = (line: string) =>
  Effect.async<string, Exit>((resume) => {
    const fail = (how: string) => resume(usage(`The --key-command failed: ${how}. What it printed is not shown.`))
    // It shares the terminal, so that it can ask for a passphrase there.
    const child = spawn(line, { shell: true, stdio: ["inherit", "pipe", "ignore"] })
    let output = ""
    child.stdout.setEncoding("utf8")
    child.stdout.on("data", (chunk: string) => {
      output = `${output}${chunk}`.slice(0, longest)
    })
    child.on("error", () => fail("it could not be started"))
    child.on("close", (code, signal) =>
      code === 0 ? resume(Effect.succeed(output)) : fail(signal === null ? `exit code ${code}` : signal)
    )
    return Effect.sync(() => {
      child.kill("SIGKILL")
      // What the shell has started can still hold it open.
      child.stdout.destroy()
    })
  }).pipe(
    Effect.timeoutFail({
      duration: timeLimit,
      onTimeout: () => usage(`The --key-command did not end within ${Duration.format(timeLimit)}.`)
    })
  )

const ofCommand = (line: string) =>
  Effect.flatMap(outputOf(line), (text) => Secret.from("The output of --key-command", text))

const ofQuestion = ({ command, has }: Arguments) =>
  Effect.gen(function* () {
    const needs = has("leaked")
      ? `It must be another key than the leaked one, with ${scopes.revoke} and, for the audit, audit_logs:read.`
      : `It needs ${scopes[command]}.`
    if (has("stdin") || !(yield* canAsk)) {
      return yield* usage(
        `There is no API key to call with: set INSTANTLY_API_KEY, or give --key-file or --key-command. ${needs}`
      )
    }
    yield* say(`The tool calls Instantly at ${yield* origin} with an API key. ${needs}`)
    for (;;) {
      const apiKey = yield* Secret.ask("The API key to call with")
      // The first call reports any other problem.
      const isRefused = yield* Effect.provide(quickly(ApiKeys.isActive(apiKey)), live(apiKey)).pipe(
        Effect.match({ onFailure: () => false, onSuccess: (isActive) => !isActive })
      )
      if (!isRefused) return apiKey
      yield* say("Instantly refuses this one. Paste another one, or press Ctrl-C to end.")
    }
  })

const inEnvironment = Config.option(Config.nonEmptyString("INSTANTLY_API_KEY"))

/** Finds the key: from an option, else from the environment, else by a question. */
export const find = (given: Arguments) =>
  Effect.gen(function* () {
    const file = given.get("key-file")
    const command = given.get("key-command")
    if (Option.isSome(file) && Option.isSome(command)) {
      return yield* usage("Give --key-file or --key-command, not both.")
    }
    if (Option.isSome(file)) return yield* ofFile(file.value)
    if (Option.isSome(command)) return yield* ofCommand(command.value)
    const environment = yield* inEnvironment
    return Option.isSome(environment)
      ? yield* Secret.from("INSTANTLY_API_KEY", environment.value)
      : yield* ofQuestion(given)
  })
