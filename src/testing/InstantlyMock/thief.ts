/** What a thief does with a leaked key. */
import type { Activity, AuditLog } from "./auditLog.js"
import type { Identity } from "./identity.js"
import type { Keys, StoredKey } from "./keys.js"

/**
 * What a thief does with a leaked key.
 *
 * @since 0.1.0
 * @category models
 */
export interface Theft {
  /** The names of the keys that the thief creates, which have all scopes. Default: one, called "backup". */
  readonly keyNames?: ReadonlyArray<string>
  /** How many leads the thief exports. Default: 1,200. */
  readonly exportedLeads?: number
  /** How many webhooks the thief creates. Default: one. */
  readonly webhooks?: number
  /** When the thief comes, in milliseconds since 1970. Default: now. */
  readonly at?: number
  /** Default: a made-up one. */
  readonly ipAddress?: string
  /** What the thief's program calls itself, which may be any text. Default: `curl/8.5.0`. */
  readonly userAgent?: string
}

/** Creates keys and webhooks and exports leads with a key, and records that in the audit log. */
export const visit = (
  { auditLog, identity, keys }: { readonly auditLog: AuditLog; readonly identity: Identity; readonly keys: Keys },
  { id: apiKeyId, workspaceId }: Pick<StoredKey, "id" | "workspaceId">,
  options: Theft,
  now: number
) => {
  const {
    exportedLeads = 1200,
    ipAddress = "203.0.113.66",
    keyNames = ["backup"],
    userAgent = "curl/8.5.0",
    webhooks = 1
  } = options
  const actor = { apiKeyId, ipAddress, userAgent }
  const record = (activity: Omit<Activity, keyof typeof actor>) =>
    auditLog.record(workspaceId, { ...actor, ...activity }, now)
  const made = keyNames.map((name) => {
    const key = keys.create({ name, scopes: ["all:all"], workspaceId }, now)
    auditLog.keyCreated(actor, key, now)
    return key
  })
  if (exportedLeads > 0) record({ type: 34, affectedCount: exportedLeads })
  const webhookIds = Array.from({ length: webhooks }, () => {
    const webhookId = identity.uuid(now)
    record({ type: 18, webhookId, metadata: { url: "https://collector.example/" } })
    return webhookId
  })
  return { keys: made, webhookIds }
}
