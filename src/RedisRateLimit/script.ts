/**
 * What Redis does: one script, which books slots or closes the gate in one step, by Redis's own clock. It needs Redis 5 or
 * later, because a script that asks for the time could not write before. Everything in it is in microseconds.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { QuotaOptions } from "../RateLimit.js"

/**
 * The key holds `e`, the epoch; `t`, when the script last ran; `u`, until when the gate is closed; and for each quota its
 * arrival: when the last permit would have left, had they all been evenly spaced (the generic cell rate algorithm).
 *
 * - A command that runs after its deadline does nothing, because its sender has given up: so what a client kept while it
 *   was disconnected books nothing.
 * - A new epoch voids the slots that are booked. A process may use them until it learns of the epoch, but for no longer
 *   than `hold`, so until then they count as used. The same holds where the key was lost.
 * - If the clock was set back, everything moves back with it.
 */
export const script = `local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local deadline, slots, pause, hold = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if now > deadline then return { now } end
local saved, state = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #saved, 2 do state[saved[i]] = tonumber(saved[i + 1]) end
local back = math.max(0, (state.t or now) - now)
local closed = (state.u or 0) - back
local epoch = state.e
local raise = epoch == nil
if pause > 0 and now + pause > closed then
  closed = now + pause
  raise = true
end
if raise then epoch = math.max((epoch or 0) + 1, now) end
local quotas = {}
for i = 5, #ARGV, 3 do
  local interval, burst = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local arrival = now + hold + burst * interval
  local known = state[ARGV[i]]
  if known then
    if raise then arrival = math.min(arrival, known - back) else arrival = known - back end
  end
  quotas[#quotas + 1] = { name = ARGV[i], arrival = arrival, interval = interval, slack = (burst - 1) * interval }
end
local reply = { now, epoch }
for i = 1, slots do
  local at = math.max(now, closed)
  for _, quota in ipairs(quotas) do at = math.max(at, quota.arrival - quota.slack) end
  for _, quota in ipairs(quotas) do quota.arrival = math.max(quota.arrival, at) + quota.interval end
  reply[i + 2] = at
end
local function whole(n) return string.format('%.0f', n) end
local last = math.max(now, closed)
local fields = { 'e', whole(epoch), 't', whole(now), 'u', whole(closed) }
for _, quota in ipairs(quotas) do
  fields[#fields + 1] = quota.name
  fields[#fields + 1] = whole(quota.arrival)
  last = math.max(last, quota.arrival)
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('PEXPIRE', KEYS[1], whole((last - now) / 1000 + 86400000))
return reply`

/** One key for a workspace; the braces keep it on one node of a cluster. */
export const keyOf = (workspace: string) => `effect-instantly:{${workspace}}`

const micros = (millis: number) => String(Math.ceil(millis * 1000))

/** Each quota as the script wants it. By its place and its window, processes with different limits count together. */
export const quotaArguments = (quotas: ReadonlyArray<QuotaOptions>, lateness: number): ReadonlyArray<string> =>
  quotas.flatMap(({ burst = 1, jitter = 0, limit, window }, index) => {
    const millis = Duration.toMillis(window)
    const interval = (millis + Duration.toMillis(jitter) + lateness) / Math.max(1, limit - burst)
    return [`${index}:${millis}`, micros(interval), String(burst)]
  })

export interface Command {
  /** How many slots to book. */
  readonly slots: number
  /** For how many milliseconds to close the gate. */
  readonly pause: number
}

export const commandArguments = (
  { pause, slots }: Command,
  /** Milliseconds of Redis's clock, if that is known. */
  deadline: number | undefined,
  hold: number
): ReadonlyArray<string> => [
  deadline === undefined ? String(Number.MAX_SAFE_INTEGER) : micros(deadline),
  String(slots),
  micros(pause),
  micros(hold)
]

/** Redis's time, then, unless the deadline had passed, the epoch and the slots. */
export const decodeReply = Schema.decodeUnknown(Schema.Tuple([Schema.Int], Schema.Int))
