/** The wait in a `Retry-After` header: RFC 9110, section 10.2.3, and its three forms of a date (5.6.7). */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

const longest = Duration.days(1)

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
const longDay = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
const month = `(?<month>${months.join("|")})`
const time = "(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})"

const forms = [
  new RegExp(`^${day}, (?<day>\\d{2}) ${month} (?<year>\\d{4}) ${time} GMT$`), // IMF-fixdate
  new RegExp(`^${longDay}, (?<day>\\d{2})-${month}-(?<year>\\d{2}) ${time} GMT$`), // RFC 850
  new RegExp(`^${day} ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`) // asctime, which is UTC too
]

/** Two digits stand for the nearest year that is not more than 50 years ahead. */
const fullYear = (year: string, now: number): number => {
  if (year.length === 4) return Number(year)
  const thisYear = new Date(now).getUTCFullYear()
  const sameCentury = thisYear - (thisYear % 100) + Number(year)
  return sameCentury > thisYear + 50 ? sameCentury - 100 : sameCentury
}

/** `Date.parse` reads asctime in the local time zone, and accepts much more. So the parts are read here, as UTC. */
const parseDate = (value: string, now: number): Option.Option<number> => {
  const parts = forms.map((form) => form.exec(value)?.groups).find((groups) => groups !== undefined)
  if (parts === undefined) return Option.none()
  const number = (name: string) => Number(parts[name])
  const midnight = Date.UTC(fullYear(String(parts["year"]), now), months.indexOf(String(parts["month"])), number("day"))
  const isDate = new Date(midnight).getUTCDate() === number("day")
  // 60 is a leap second
  const isTime = number("hour") <= 23 && number("minute") <= 59 && number("second") <= 60
  const seconds = (number("hour") * 60 + number("minute")) * 60 + number("second")
  return isDate && isTime ? Option.some(midnight + seconds * 1000) : Option.none()
}

/**
 * The wait that a header asks for at the time `now` (milliseconds since 1970). It is given in whole seconds or as a
 * date. A past date is zero, the maximum is a day, and anything else counts as no header.
 */
export const parse = (header: string | undefined, now: number): Option.Option<Duration.Duration> => {
  const value = header?.trim() ?? ""
  const wait = /^\d+$/.test(value)
    ? Option.some(Duration.seconds(Number(value)))
    : Option.map(parseDate(value, now), (at) => Duration.millis(Math.max(0, at - now)))
  return Option.map(wait, Duration.min(longest))
}
