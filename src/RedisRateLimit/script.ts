/**
 * The script that runs in Redis: it books slots or closes the gate in one step, by Redis's own clock. It needs Redis 5
 * or later: before that, a script that reads the time could not write. All its times are microseconds.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type { QuotaOptions } from "../RateLimit.js"

/**
 * The longest delay between a slot and the permit that uses it, in milliseconds. It is added to the jitter of each quota.
 * Neither this nor {@link hold} is an option, because both must be the same in all processes.
 */
export const lateness = 25

/** How long a reply is valid, and the timeout of a command, in milliseconds. */
export const hold = 500

/**
 * The key holds `e`, the epoch; `t`, when the script last ran; `s`, the server that it ran on; `u`, until when the gate is
 * closed; and for each quota its arrival: when the last permit would have left if all were evenly spaced (the generic cell
 * rate algorithm).
 *
 * - A command that runs after its deadline does nothing, because its sender has given up. So nothing is booked by
 *   commands that a client queued while it was disconnected.
 * - A new epoch voids all slots that are booked. A process may use such a slot until it sees the new epoch, but for no
 *   longer than `hold`, so until then all permits count as used.
 * - A new epoch also begins if the state is lost. It is lost if there is none, if it is newer than the clock, or if it
 *   is older than what the sender has seen. The sender may have seen less than others have, so a state that another
 *   server wrote is lost, too: before a failover or a restart, that server may have written more. If `INFO` is
 *   forbidden, only the other checks protect the limit.
 */
export const script = `local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local deadline, slots, pause, hold = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local seenEpoch, seenTime = tonumber(ARGV[5]), tonumber(ARGV[6])
if now > deadline then return { now } end
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'unknown'
local saved, state = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #saved, 2 do state[saved[i]] = saved[i + 1] end
local epoch, ranAt = tonumber(state.e), tonumber(state.t)
local isLost = epoch == nil or state.s ~= server or ranAt > now
  or seenEpoch > epoch or (seenEpoch == epoch and seenTime > ranAt)
local closed = (tonumber(state.u) or 0) - math.max(0, (ranAt or now) - now)
local isNew = isLost
if pause > 0 and now + pause > closed then
  closed = now + pause
  isNew = true
end
if isNew then epoch = math.max((epoch or 0) + 1, seenEpoch + 1, now) end
local quotas = {}
for i = 7, #ARGV, 3 do
  local interval, burst = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local arrival, known = now + hold + burst * interval, tonumber(state[ARGV[i]])
  if known and not isLost then arrival = isNew and math.min(arrival, known) or known end
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
local fields = { 'e', whole(epoch), 't', whole(now), 's', server, 'u', whole(closed) }
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

/** The quotas as arguments of the script. Those of one window count together, whatever their limits are in each process. */
export const quotaArguments = (quotas: ReadonlyArray<QuotaOptions>): ReadonlyArray<string> => {
  const windows = quotas.map(({ window }) => Duration.toMillis(window))
  return quotas.flatMap(({ burst = 1, jitter = 0, limit }, index) => {
    const window = windows[index] ?? 0
    const number = windows.slice(0, index).filter((other) => other === window).length
    const interval = (window + Duration.toMillis(jitter) + lateness) / Math.max(1, limit - burst)
    return [`${window}:${number}`, micros(interval), String(burst)]
  })
}

export interface Command {
  /** How many slots to book. */
  readonly slots: number
  /** For how many milliseconds to close the gate. */
  readonly pause: number
}

/** The newest state that a process has seen, in microseconds of Redis's clock. */
export interface Seen {
  readonly epoch: number
  readonly ranAt: number
}

export const nothingSeen: Seen = { epoch: 0, ranAt: 0 }

/** Newer than any state, so the script treats the state of this epoch as lost. */
export const lost = (epoch: number): Seen => ({ epoch, ranAt: Number.MAX_SAFE_INTEGER })

export const commandArguments = (
  { pause, slots }: Command,
  { epoch, ranAt }: Seen,
  /** Milliseconds of Redis's clock, once that has been measured. */
  deadline: number | undefined
): ReadonlyArray<string> => [
  deadline === undefined ? String(Number.MAX_SAFE_INTEGER) : micros(deadline),
  String(slots),
  micros(pause),
  micros(hold),
  String(epoch),
  String(ranAt)
]

const fromText = Schema.compose(Schema.NumberFromString, Schema.Int)

const fromBigInt = Schema.transform(Schema.BigIntFromSelf, Schema.Int, { decode: Number, encode: BigInt })

const fromBytes = Schema.transform(Schema.Uint8ArrayFromSelf, fromText, {
  decode: (bytes) => new TextDecoder().decode(bytes),
  encode: (text) => new TextEncoder().encode(text)
})

/** Clients return an integer as a number, a string, a bigint or bytes. */
const Integer = Schema.Union(Schema.Int, fromText, fromBigInt, fromBytes)

/** Redis's time, then, unless the deadline had passed, the epoch and the slots, none of which is in the past. */
export const decodeReply = Schema.decodeUnknownSync(
  Schema.Tuple([Integer], Integer).pipe(Schema.filter(([ranAt, , ...slots]) => slots.every((at) => at >= ranAt)))
)
