/** 200 names of keys that would each make a careless list show something else. */
const forged = '2  019e18e2-78d4-7322-941a-000000000007  1 d  "all:all"  "the safe one"'

const tricks: ReadonlyArray<(n: number) => string> = [
  (n) => `plain ${n}`,
  () => `x\n${forged}`,
  () => `x\r${forged}`,
  (n) => `${" ".repeat(20 + n)}${forged}`,
  (n) => `${"x".repeat(n)} ${forged}`,
  () => `"  "${forged}`,
  () => `\u001b[2J\u001b[H${forged}`,
  () => `\u001b[1A\u001b[2K${forged}`,
  () => `\u009b2J\u009bH`,
  () => `\u001b]0;title\u0007\u001b]8;;https://example.invalid\u0007link`,
  () => "\u202etnuocca ruoy\u202c",
  () => "\u2066\u2067\u200f\u200e",
  () => "",
  () => "\u200b\u200c\u200d\u2060\ufeff",
  () => "\u2800\u3164\u115f\uffa0",
  (n) => `Z${"\u0300\u0316".repeat(n)}algo`,
  (n) => "東京".repeat(n + 10),
  (n) => "🔑👩‍👩‍👧‍👦".repeat(n + 5),
  (n) => "ﷺ".repeat(n + 10),
  () => "\b\b\b\b\b\u007f\u007f\t\t\t\v\f"
]

export const hostileNames: ReadonlyArray<string> = Array.from({ length: 200 }, (_, n) => {
  const trick = tricks[n % tricks.length]
  return trick === undefined ? "" : trick(Math.floor(n / tricks.length) * 7)
})
