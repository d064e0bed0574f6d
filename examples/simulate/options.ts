/** The options, as data: the arguments are read by it, and the help is printed from it. */
import { parseArgs } from "node:util"
import { Data, Effect, Option } from "effect"
import type { Workspace } from "./simulation.js"

export class WrongUsage extends Data.TaggedError("WrongUsage")<{ readonly message: string }> {}

export interface Wanted {
  readonly help: boolean
  /** The module with the policies. */
  readonly path: Option.Option<string>
  readonly picture: string
  readonly workspace: Workspace
}

const most = 1_000_000

interface Numeric {
  readonly usual: number
  readonly least: number
  readonly isWhole?: boolean
  readonly text: string
}

const numbers = {
  requests: { usual: 10_000, least: 1, isWhole: true, text: "How many requests the batch has." },
  "in-flight": { usual: 25, least: 1, isWhole: true, text: "How many callers there are at once." },
  "per-second": { usual: 100, least: 1, isWhole: true, text: "How many the server admits in any second." },
  "per-minute": { usual: 6000, least: 1, isWhole: true, text: "How many it admits in any minute." },
  latency: { usual: 5, least: 0, text: "The least latency each way, in milliseconds." },
  jitter: { usual: 50, least: 0, text: "How much longer it can be, in milliseconds." },
  others: { usual: 0, least: 0, text: "How many a second other programs send." },
  seed: { usual: 1, least: 0, isWhole: true, text: "The same seed gives the same table." }
} satisfies Record<string, Numeric>

const usualPicture = "simulation.svg"

const rows: ReadonlyArray<readonly [option: string, text: string]> = [
  ...Object.entries(numbers).map(([name, { text, usual }]) => [`--${name} N`, `${text} Default: ${usual}`] as const),
  ["--picture FILE", `The picture. Default: ${usualPicture}`],
  ["--help", "Shows this help."]
]

export const help = `Usage: npm run simulate -- [options] [MODULE]

Tries rate-limit policies before they are used: the real gate, virtual time, and
a server that counts strictly. MODULE is a file whose exports are policies.
Default: examples/simulate/policies.ts

Options:
${rows.map(([option, text]) => `  ${option.padEnd(17)}${text}`).join("\n")}

Examples:
  npm run simulate
  npm run simulate -- examples/policies/slow-start.ts --requests 500
  # other programs send 40 a second into the same workspace
  npm run simulate -- --others 40
  # latency that varies by more than the quotas reckon with
  npm run simulate -- --jitter 300`

const wrong = (message: string) => new WrongUsage({ message: `${message} --help shows the options.` })

const number = (
  name: keyof typeof numbers,
  given: Readonly<Record<string, string | boolean | undefined>>
): Effect.Effect<number, WrongUsage> => {
  const { isWhole = false, least, usual }: Numeric = numbers[name]
  const text = given[name]
  if (text === undefined) return Effect.succeed(usual)
  const value = text === "" ? Number.NaN : Number(text)
  const isRight = (isWhole ? Number.isSafeInteger(value) : Number.isFinite(value)) && value >= least && value <= most
  return isRight
    ? Effect.succeed(value)
    : wrong(`--${name} must be a ${isWhole ? "whole " : ""}number from ${least} to ${most}, not ${text}.`)
}

export const read = (args: ReadonlyArray<string>): Effect.Effect<Wanted, WrongUsage> =>
  Effect.gen(function* () {
    const { positionals, values } = yield* Effect.try({
      try: () =>
        parseArgs({
          args: [...args],
          allowPositionals: true,
          options: {
            ...Object.fromEntries(Object.keys(numbers).map((name) => [name, { type: "string" } as const])),
            picture: { type: "string", default: usualPicture },
            help: { type: "boolean", default: false }
          }
        }),
      // Its first sentence says what is wrong, the others how to pass what looks like an option.
      catch: (error) => wrong(`${/: ([^.\n]*)/.exec(String(error))?.[1] ?? "The options are wrong"}.`)
    })
    if (positionals.length > 1) return yield* wrong("Only one module can be given.")
    return {
      help: values.help,
      path: Option.fromNullable(positionals[0]),
      picture: values.picture,
      workspace: {
        requests: yield* number("requests", values),
        inFlight: yield* number("in-flight", values),
        perSecond: yield* number("per-second", values),
        perMinute: yield* number("per-minute", values),
        latency: yield* number("latency", values),
        jitter: yield* number("jitter", values),
        others: yield* number("others", values),
        seed: yield* number("seed", values)
      }
    }
  })
