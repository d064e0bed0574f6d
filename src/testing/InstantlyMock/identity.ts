/** Makes up ids and secrets. The same seed gives the same ones. */
import { PCGRandom } from "effect/Utils"

export interface Identity {
  readonly uuid: (now: number) => string
  readonly secret: () => string
}

export const make = (seed: number): Identity => {
  const random = new PCGRandom(seed)
  const hex = (digits: number) => Array.from({ length: digits }, () => random.integer(16).toString(16)).join("")
  return {
    // version 7, whose first 48 bits are the time
    uuid: (now) => {
      const time = Math.max(0, now).toString(16).padStart(12, "0")
      const variant = (8 + random.integer(4)).toString(16)
      return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${variant}${hex(3)}-${hex(12)}`
    },
    secret: () => `made-up-secret-${hex(32)}`
  }
}
