/** Makes up ids and secrets. The same seed gives the same ones. */
import { PCGRandom } from "effect/Utils"

export interface Identity {
  readonly uuid: (now: number) => string
  /** The secret of a key, which holds this UUID. No two are the same. */
  readonly secret: (uuid: string) => string
}

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const suffixes = digits.length ** 6
/** Odd and no multiple of 31, so that the steps from one suffix to the next reach all of them. */
const step = 9_007_199_253

const suffix = (number: number): string =>
  Array.from({ length: 6 }, (_, place) => digits[Math.floor(number / digits.length ** place) % digits.length]).join("")

export const make = (seed: number): Identity => {
  const random = new PCGRandom(seed)
  const hex = (length: number) => Array.from({ length }, () => random.integer(16).toString(16)).join("")
  let next = Math.floor(random.number() * suffixes)
  return {
    // version 7, whose first 48 bits are the time
    uuid: (now) => {
      const time = Math.max(0, now).toString(16).padStart(12, "0")
      const variant = (8 + random.integer(4)).toString(16)
      return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${variant}${hex(3)}-${hex(12)}`
    },
    secret: (uuid) => {
      next = (next + step) % suffixes
      return btoa(`${uuid}:madeup${suffix(next)}`)
    }
  }
}

/** The secrets that `make` makes up: the base64 of `<UUID>:madeup…`. */
export const madeUpSecret = /[A-Za-z0-9]{48}Om1hZGV1[A-Za-z0-9]{10}(?:==|%3D%3D)?/g

/** The UUID in a secret of that shape, whoever made it up. */
export const uuidIn = (secret: string): string | undefined =>
  /^[A-Za-z0-9+/]{66}==$/.test(secret) ? /^([0-9a-f-]{36}):/i.exec(atob(secret))?.[1]?.toLowerCase() : undefined
