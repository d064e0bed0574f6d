import { execFileSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "@effect/vitest"
import { Duration, FastCheck, Option } from "effect"
import { parse } from "../../src/InstantlyClient/retryAfter.js"

const now = Date.UTC(2026, 10, 23, 9, 0, 0)
const seconds = (header: string | undefined, at = now) =>
  Option.getOrUndefined(Option.map(parse(header, at), Duration.toSeconds))

describe("Retry-After", () => {
  it.each([
    ["no header", undefined, undefined],
    ["an empty one", "", undefined],
    ["seconds", "120", 120],
    ["no seconds", "0", 0],
    ["seconds among spaces", " 7 ", 7],
    ["a day", "86400", 86_400],
    ["more than a day", "86401", 86_400],
    ["more than a number holds", "9".repeat(400), 86_400],
    ["a fraction", "1.5", undefined],
    ["a negative", "-1", undefined],
    ["a sign", "+5", undefined],
    ["an exponent", "1e3", undefined],
    ["hexadecimal", "0x10", undefined],
    ["two of them", "1, 2", undefined],
    ["words", "soon", undefined],
    ["other digits", "٣", undefined],
    ["IMF-fixdate", "Mon, 23 Nov 2026 09:01:30 GMT", 90],
    ["RFC 850", "Monday, 23-Nov-26 09:01:30 GMT", 90],
    ["asctime", "Mon Nov 23 09:01:30 2026", 90],
    ["asctime with one digit of a day", "Tue Nov  3 09:01:30 2026", 0],
    ["a past date", "Sun, 06 Nov 1994 08:49:37 GMT", 0],
    ["a past date of RFC 850", "Sunday, 06-Nov-94 08:49:37 GMT", 0],
    ["a date of RFC 850 within 50 years", "Friday, 06-Nov-76 08:49:37 GMT", 86_400],
    ["a date of RFC 850 in more than 50 years, which is past", "Sunday, 06-Nov-77 08:49:37 GMT", 0],
    ["a far date", "Fri, 31 Dec 9999 23:59:59 GMT", 86_400],
    ["a leap second", "Mon, 23 Nov 2026 09:00:60 GMT", 60],
    ["a day that does not exist", "Mon, 31 Nov 2026 09:01:30 GMT", undefined],
    ["a leap day that does not exist", "Mon, 29 Feb 2027 09:01:30 GMT", undefined],
    ["an hour that does not exist", "Mon, 23 Nov 2026 24:00:00 GMT", undefined],
    ["a minute that does not exist", "Mon, 23 Nov 2026 09:60:00 GMT", undefined],
    ["a second that does not exist", "Mon, 23 Nov 2026 09:01:61 GMT", undefined],
    ["another zone", "Mon, 23 Nov 2026 09:01:30 CET", undefined],
    ["an ISO date", "2026-11-23T09:01:30Z", undefined],
    ["a date with something behind it", "Mon, 23 Nov 2026 09:01:30 GMT;x", undefined]
  ])("of %s", (_, header, expected) => {
    expect(seconds(header)).toBe(expected)
  })

  it("is a date of any day of the year, in each of its three forms", () => {
    for (let day = 0; day < 400; day++) {
      const at = now + day * 86_400_000
      // Mon, 23 Nov 2026 09:00:00 GMT
      const fixdate = new Date(at).toUTCString()
      const [weekday = "", dayOfMonth = "", month = "", year = "", time = ""] = fixdate.split(/,? /)
      const longWeekday = new Intl.DateTimeFormat("en", { weekday: "long", timeZone: "UTC" }).format(at)
      const forms = [
        fixdate,
        `${longWeekday}, ${dayOfMonth}-${month}-${year.slice(-2)} ${time} GMT`,
        `${weekday} ${month} ${dayOfMonth.replace(/^0/, " ")} ${time} ${year}`
      ]
      for (const form of forms) expect([form, seconds(form, at - 77_000)]).toEqual([form, 77])
    }
  })

  it("is a date of two digits in the century that it means", () => {
    const at = (year: number) => Date.UTC(year, 0, 1)
    // 50 years ahead are still to come, 51 are past
    for (const [year, digits, wait] of [
      [2049, "99", 86_400],
      [2049, "00", 0],
      [2026, "76", 86_400],
      [2026, "77", 0],
      [2000, "00", 60],
      [1999, "99", 60]
    ] as const) {
      expect(seconds(`Friday, 01-Jan-${digits} 00:01:00 GMT`, at(year))).toBe(wait)
    }
  })

  it.each([
    "xMon, 23 Nov 2026 09:01:30 GMT",
    "xMonday, 23-Nov-26 09:01:30 GMT",
    "Monday, 23-Nov-26 09:01:30 GMTx",
    "xMon Nov 23 09:01:30 2026",
    "Mon Nov 23 09:01:30 20266",
    "Mon, 3 Nov 2026 09:01:30 GMT",
    "Mon, 23 Nov 26 09:01:30 GMT",
    "Mon, 23 Nov 2026 9:01:30 GMT",
    "Foo, 23 Nov 2026 09:01:30 GMT",
    "Mon, 23 nov 2026 09:01:30 GMT",
    "5x",
    "x5"
  ])("of %s counts as none", (header) => {
    expect(seconds(header)).toBeUndefined()
  })

  it("has times up to the last of the day", () => {
    expect(seconds("Mon, 23 Nov 2026 23:59:59 GMT")).toBe(14 * 3600 + 59 * 60 + 59)
  })

  it("in whole seconds is what it says, up to a day", () => {
    FastCheck.assert(FastCheck.property(FastCheck.nat(), (n) => seconds(String(n)) === Math.min(n, 86_400)))
  })

  it("never is negative, longer than a day, or a defect, whatever the header", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ unit: "binary" }), (header) => {
        const wait = seconds(header) ?? 0
        return wait >= 0 && wait <= 86_400
      })
    )
  })

  it("is the same in every time zone", () => {
    const module = new URL("../../src/InstantlyClient/retryAfter.ts", import.meta.url)
    const program = `
      import { parse } from ${JSON.stringify(module)}
      const dates = ["Mon, 23 Nov 2026 09:01:30 GMT", "Monday, 23-Nov-26 09:01:30 GMT", "Mon Nov 23 09:01:30 2026"]
      console.log(JSON.stringify(dates.map((date) => parse(date, ${now}).value?.value?.millis)))`
    for (const zone of ["UTC", "Pacific/Kiritimati", "America/St_Johns"]) {
      const output = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", program], {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        env: { ...process.env, TZ: zone },
        encoding: "utf8"
      })
      expect(JSON.parse(output)).toEqual([90_000, 90_000, 90_000])
    }
  })
})
