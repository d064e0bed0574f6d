/** What the calls of the three ways cost on each transport, beside each other. */
import type { Costs } from "./calls.js"
import { type Name, nameOf, type Transport, transports, type Way, ways } from "./contenders.js"
import { median, ratios, spread } from "./statistics.js"
import type { Cost } from "./subject.js"
import { type Row, type Rule, table } from "./table.js"

/** The calls of the contenders with so many in flight. */
export interface Measured {
  readonly inFlight: number
  readonly calls: Costs
  /** From processes of their own, in which bytes can be counted. */
  readonly allocations: Costs
}

const [platform, byHand, library] = ways

const counted = (inFlight: number) => `${inFlight} in flight`

type Figure = (cost: Cost) => number

const cpu: Figure = (cost) => cost.cpu
const kilobytes: Figure = ({ bytes = Number.NaN }) => bytes / 1000
const p50: Figure = (cost) => cost.p50
const p99: Figure = (cost) => cost.p99

const sample = (costs: Costs, name: Name, figure: Figure) => costs(name).map(figure)

/** Without the rounds in which the figure could not be measured. */
const known = (values: ReadonlyArray<number>) => values.filter(Number.isFinite)

/** A figure of one contender over that of another, round by round. */
export const over = (costs: Costs, name: Name, reference: Name, figure: Figure = cpu): ReadonlyArray<number> =>
  known(ratios(sample(costs, name, figure), sample(costs, reference, figure)))

const betweenWays = (costs: Costs, transport: Transport, way: Way, reference: Way, figure: Figure) =>
  over(costs, nameOf(way, transport), nameOf(reference, transport), figure)

const rowsOf = (columns: (way: Way, transport: Transport) => Row): ReadonlyArray<Row> =>
  transports.flatMap((transport) => ways.map((way) => [nameOf(way, transport), ...columns(way, transport)]))

const medianOf = (costs: Costs, way: Way, transport: Transport, figure: Figure, digits: number) =>
  median(known(sample(costs, nameOf(way, transport), figure))).toFixed(digits)

export const costTable = ({ allocations, calls, inFlight }: Measured): string =>
  table(
    [
      `cost of a delete, ${counted(inFlight)}`,
      "CPU, µs",
      "× platform",
      "× by hand",
      "allocated, kB",
      "× platform",
      "× by hand"
    ],
    rowsOf((way, transport) => [
      medianOf(calls, way, transport, cpu, 0),
      spread(betweenWays(calls, transport, way, platform, cpu), 2),
      spread(betweenWays(calls, transport, way, byHand, cpu), 2),
      medianOf(allocations, way, transport, kilobytes, 1),
      spread(betweenWays(allocations, transport, way, platform, kilobytes), 2),
      spread(betweenWays(allocations, transport, way, byHand, kilobytes), 2)
    ])
  )

export const latencyTable = ({ calls, inFlight }: Measured): string =>
  table(
    [`latency of a delete, ${counted(inFlight)}`, "p50, ms", "× platform", "p99, ms", "× platform"],
    rowsOf((way, transport) => [
      medianOf(calls, way, transport, p50, 2),
      spread(betweenWays(calls, transport, way, platform, p50), 2),
      medianOf(calls, way, transport, p99, 2),
      spread(betweenWays(calls, transport, way, platform, p99), 2)
    ])
  )

/** By how much a delete may cost more than the same on the platform alone. */
const mostOverPlatform = 1.25
/** By how much it may cost more than the same features by hand. */
const mostOverByHand = 1
/** By how much it may allocate more than the same features by hand. */
const mostAllocated = 1.1

/** In memory there is no platform to compare with but its shell. By hand nothing counts a body of unknown length. */
const againstPlatform = ["Fetch", "Undici"] as const
const againstHand = ["in memory", ...againstPlatform] as const

export const rulesOf = ({ allocations, calls, inFlight }: Measured): ReadonlyArray<Rule> => {
  const at = (transport: Transport) => `${transport}, ${counted(inFlight)}`
  return [
    ...againstPlatform.map((transport) => ({
      measure: `CPU of a delete ÷ the same on @effect/platform, ${at(transport)}`,
      sample: betweenWays(calls, transport, library, platform, cpu),
      atMost: mostOverPlatform
    })),
    ...againstHand.map((transport) => ({
      measure: `CPU of a delete ÷ the same features by hand, ${at(transport)}`,
      sample: betweenWays(calls, transport, library, byHand, cpu),
      atMost: mostOverByHand
    })),
    ...againstHand.map((transport) => ({
      measure: `allocations of a delete ÷ the same features by hand, ${at(transport)}`,
      sample: betweenWays(allocations, transport, library, byHand, kilobytes),
      atMost: mostAllocated
    }))
  ]
}

/** All contenders over a socket beside a bare `fetch`, which has no features: figures, not rules. */
export const socketTable = ({ calls, inFlight }: Measured, names: ReadonlyArray<Name>): string =>
  table(
    [`over a socket, ${counted(inFlight)}`, "CPU of a call, × fetch", "p50, ms", "p99, ms"],
    names
      .filter((name) => !name.endsWith("in memory"))
      .map((name) => [
        name,
        spread(over(calls, name, "fetch"), 2),
        median(sample(calls, name, p50)).toFixed(2),
        median(sample(calls, name, p99)).toFixed(2)
      ])
  )
