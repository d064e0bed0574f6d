/** The table: a row for each policy, and below it what went wrong. It fits 80 columns. */
import { Duration } from "effect"
import { latency, perMinute, perSecond, type Simulated, type Workspace } from "./simulation.js"

const shown = (count: number) => count.toLocaleString("en-US")

const cut = (name: string, width: number) => (name.length <= width ? name : `${name.slice(0, width - 1)}…`)

/** Tenths of a second below a minute, whole seconds above. */
const inWords = (millis: number) => {
  const unit = millis < 60_000 ? 100 : 1000
  return millis < 60_000
    ? `${(Math.ceil(millis / unit) / 10).toFixed(1)}s`
    : Duration.format(Duration.millis(Math.ceil(millis / unit) * unit))
}

const percent = (part: number, whole: number) => (whole === 0 ? "0.0 %" : `${((100 * part) / whole).toFixed(1)} %`)

interface Column {
  readonly heading: string
  readonly width: number
  readonly of: (simulated: Simulated) => string
}

const columns = ({ others, requests }: Workspace): ReadonlyArray<Column> => [
  { heading: "permits", width: 10, of: ({ permits }) => shown(permits) },
  { heading: "rejected", width: 10, of: ({ ours }) => shown(ours.rejected.length) },
  ...(others === 0
    ? []
    : [
        {
          heading: "others'",
          width: 8,
          of: ({ theirs }: Simulated) =>
            percent(theirs.rejected.length, theirs.rejected.length + theirs.admitted.length)
        }
      ]),
  { heading: "worst 1 s", width: 11, of: ({ worst }) => `${shown(worst.second)}/${shown(perSecond)}` },
  { heading: "worst 1 min", width: 14, of: ({ worst }) => `${shown(worst.minute)}/${shown(perMinute)}` },
  {
    heading: "done in",
    width: 11,
    of: ({ ours, took }) => (ours.admitted.length < requests ? "unfinished" : inWords(took))
  }
]

const nameWidth = 16

export const table = (all: ReadonlyArray<Simulated>, workspace: Workspace): string => {
  const each = columns(workspace)
  return [
    `${"policy".padEnd(nameWidth)}${each.map(({ heading, width }) => heading.padStart(width)).join("")}`,
    ...all.map(
      (simulated) =>
        `${cut(simulated.name, nameWidth).padEnd(nameWidth)}${each.map(({ of, width }) => of(simulated).padStart(width)).join("")}`
    )
  ].join("\n")
}

/** What is to be said of a policy below the table, if anything is. */
export const notes = ({ name, ours, problems, took }: Simulated, { requests }: Workspace): ReadonlyArray<string> => {
  const admitted = ours.admitted.length
  const said = [
    ...problems.map((problem) => problem.replace(/\.?$/, ".")),
    ...(admitted < requests
      ? [`Admitted: ${shown(admitted)} of ${shown(requests)} requests, in ${inWords(took)}.`]
      : [])
  ]
  return said.length === 0 ? [] : [`${name}: ${said.join(" ")}`]
}

export const heading = ({ inFlight, jitter, others, requests }: Workspace): string =>
  [
    `${shown(requests)} requests of ${shown(inFlight)} callers; latency of ${latency} to ${latency + jitter} ms each way.`,
    `The server admits ${shown(perSecond)} in any second and ${shown(perMinute)} in any minute.`,
    ...(others === 0 ? [] : [`Other programs send ${others} a second.`])
  ].join(" ")
