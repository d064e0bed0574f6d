/** How long a request is under way: what the server draws it from. How it is counted then is left to `server`. */
import type { PCGRandom } from "effect/Utils"

export interface Latency {
  readonly name: string
  readonly description: string
  /** One way, in milliseconds. */
  readonly draw: (random: PCGRandom) => number
}

const least = 5

const uniform = (by: number): Latency => ({
  name: `${by} ms`,
  description: `varies by ${by} ms: ${least} to ${least + by} ms, evenly`,
  draw: (random) => least + by * random.number()
})

const median = 20
const sigma = 1.2

/** Of a standard normal distribution, by Box and Muller. */
const normal = (random: PCGRandom) =>
  Math.sqrt(-2 * Math.log(1 - random.number())) * Math.cos(2 * Math.PI * random.number())

const longTail: Latency = {
  name: "long tail",
  description: `${least} ms and a log-normal time (median ${median} ms, sigma ${sigma}): one in 100 above 0.3 s, one in 3,000 above 1.2 s`,
  draw: (random) => least + median * Math.exp(sigma * normal(random))
}

export const latencies: ReadonlyArray<Latency> = [uniform(5), uniform(50), uniform(200), longTail]

export const latencyNamed = (name: string | undefined): Latency => {
  const found = latencies.find((latency) => latency.name === name)
  if (found === undefined) throw new Error(`There is no latency named ${name}`)
  return found
}
