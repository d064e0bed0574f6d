/** Findings from the audit log: what each key did, and what it left behind. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type ApiKey, ApiKeyId } from "../../ApiKey.js"
import { keyCreated, type Row, webhookCreated } from "./log.js"

/** The names of the activities in Instantly's documentation. */
const names: ReadonlyMap<number, string> = new Map([
  [1, "User login"],
  [2, "Lead deletion"],
  [3, "Campaign deletion"],
  [4, "Campaign launch"],
  [5, "Campaign pause"],
  [6, "Account addition"],
  [7, "Account deletion"],
  [8, "Lead moved"],
  [9, "Lead added"],
  [10, "Lead merged"],
  [11, "Campaign update"],
  [12, "Subsequence update"],
  [18, "Webhook created"],
  [19, "Webhook updated"],
  [20, "Webhook marked as error"],
  [21, "Webhook resumed"],
  [22, "TOTP enrollment started"],
  [23, "TOTP enabled"],
  [24, "TOTP replacement started"],
  [25, "TOTP replaced"],
  [26, "TOTP disabled"],
  [27, "MFA recovery codes generated"],
  [28, "MFA recovery code used"],
  [29, "MFA login challenge failed"],
  [30, "MFA login challenge failed too many times"],
  [31, "MFA login succeeded"],
  [32, "Subscriber import started"],
  [33, "Subscriber import cancelled"],
  [34, "Lead exported"],
  [35, "SuperSearch enrichment created"],
  [36, "Account update"],
  [37, "API key created"],
  [38, "API key deleted"]
])

/** What a key did, of one kind, from one address and with one user agent. */
export class Activity extends Schema.TaggedClass<Activity>("effect-instantly/cli/Activity")("Activity", {
  /** The id of the key that did it. */
  keyId: Schema.String,
  activity: Schema.Number,
  /** None if Instantly's documentation does not name it. */
  name: Schema.OptionFromNullOr(Schema.String),
  ipAddress: Schema.String,
  userAgent: Schema.String,
  times: Schema.Number,
  /** How many items it affected, in total. */
  affected: Schema.Number,
  first: Schema.DateTimeUtc,
  last: Schema.DateTimeUtc
}) {}

/** A key that was created with one of these keys. */
export class CreatedKey extends Schema.TaggedClass<CreatedKey>("effect-instantly/cli/CreatedKey")("CreatedKey", {
  /** The id of the key that it was created with. */
  by: Schema.String,
  at: Schema.DateTimeUtc,
  /** `Certain`: the row names it. `Perhaps`: it was created within five seconds of the row. `None`: no such key is listed. */
  certainty: Schema.Literal("Certain", "Perhaps", "None"),
  id: Schema.OptionFromNullOr(ApiKeyId),
  name: Schema.OptionFromNullOr(Schema.String)
}) {}

/** A webhook that was created with one of these keys. No list shows whether it is still there. */
export class CreatedWebhook extends Schema.TaggedClass<CreatedWebhook>("effect-instantly/cli/CreatedWebhook")(
  "CreatedWebhook",
  {
    by: Schema.String,
    at: Schema.DateTimeUtc,
    id: Schema.OptionFromNullOr(Schema.String)
  }
) {}

export interface Findings {
  readonly activities: ReadonlyArray<Activity>
  readonly keys: ReadonlyArray<CreatedKey>
  readonly webhooks: ReadonlyArray<CreatedWebhook>
}

/** Those of these keys that did nothing and created nothing, by the rows that name them. */
export const silentIn = (
  { activities, keys, webhooks }: Findings,
  ids: ReadonlyArray<ApiKeyId>
): ReadonlyArray<ApiKeyId> => {
  const named = new Set([...activities.map(({ keyId }) => keyId), ...[...keys, ...webhooks].map(({ by }) => by)])
  return ids.filter((id) => !named.has(id.toLowerCase()))
}

const byFirst = (one: Activity, other: Activity) => DateTime.Order(one.first, other.first)

const activitiesOf = (rows: ReadonlyArray<Row>, keyIds: ReadonlySet<string>): ReadonlyArray<Activity> => {
  const groups = new Map<string, Activity>()
  for (const { activity, affected, at, ipAddress, keyId, userAgent } of rows) {
    if (Option.isNone(keyId) || !keyIds.has(keyId.value)) continue
    const group = JSON.stringify([keyId.value, activity, ipAddress, userAgent])
    const before = groups.get(group)
    groups.set(
      group,
      new Activity({
        keyId: keyId.value,
        activity,
        name: Option.fromNullable(names.get(activity)),
        ipAddress,
        userAgent,
        times: (before?.times ?? 0) + 1,
        affected: (before?.affected ?? 0) + affected,
        first: before === undefined ? at : DateTime.min(before.first, at),
        last: before === undefined ? at : DateTime.max(before.last, at)
      })
    )
  }
  return [...groups.values()].sort(byFirst)
}

const fiveSeconds = 5_000
/** A thief can name a key after the id of another one, and that name stands in the metadata. The other one is older. */
const tenMinutes = 600_000

/** The keys that a row about a creation can mean. */
const meant = (row: Row, by: string, keys: ReadonlyArray<ApiKey>): ReadonlyArray<CreatedKey> => {
  const created = (certainty: CreatedKey["certainty"], key: Option.Option<ApiKey>) =>
    new CreatedKey({
      by,
      at: row.at,
      certainty,
      id: Option.map(key, ({ id }) => id),
      name: Option.map(key, ({ name }) => name)
    })
  const others = keys.filter(({ id }) => id.toLowerCase() !== by)
  const within = (millis: number) => (key: ApiKey) => Math.abs(DateTime.distance(key.createdAt, row.at)) <= millis
  const named = others.filter((key) => row.uuids.includes(key.id.toLowerCase()) && within(tenMinutes)(key))
  if (named.length > 0) return named.map((key) => created("Certain", Option.some(key)))
  const near = others.filter(within(fiveSeconds))
  if (near.length > 0) return near.map((key) => created("Perhaps", Option.some(key)))
  return [created("None", Option.none())]
}

/** What these keys did and left behind, and so on for each key that one of them certainly created. */
export const findingsOf = (
  rows: ReadonlyArray<Row>,
  keyIds: Iterable<string>,
  keys: ReadonlyArray<ApiKey>
): Findings => {
  const ids = new Set(Array.from(keyIds, (id) => id.toLowerCase()))
  const created = new Map<string, CreatedKey>()
  const webhooks: Array<CreatedWebhook> = []
  // The set grows while it is walked.
  for (const by of ids) {
    for (const row of rows) {
      if (!Option.contains(row.keyId, by)) continue
      if (row.activity === webhookCreated) webhooks.push(new CreatedWebhook({ by, at: row.at, id: row.webhookId }))
      if (row.activity !== keyCreated) continue
      for (const one of meant(row, by, keys)) {
        const id = Option.match(one.id, { onNone: () => row.id, onSome: (id) => id.toLowerCase() })
        const isBetter = created.get(id)?.certainty !== "Certain"
        if (isBetter) created.set(id, one)
        if (one.certainty === "Certain") ids.add(id)
      }
    }
  }
  return { activities: activitiesOf(rows, ids), keys: [...created.values()], webhooks }
}
