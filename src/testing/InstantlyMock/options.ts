/** The options of a double, and the server's behaviour that follows from them. */
import * as Duration from "effect/Duration"
import * as Parameters from "../../internal/parameters.js"
import type { Script } from "../Fault.js"
import type { Behaviour } from "./server.js"

/**
 * How a double behaves.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The seed of ids, secrets, random faults and random delays. Default: 0. */
  readonly seed?: number
  /**
   * The limits of a workspace: each limit a whole number of at least 1, each window finite and longer than zero. Default:
   * Instantly's, 100 in a second and 6,000 in a minute.
   */
  readonly limits?: ReadonlyArray<{ readonly limit: number; readonly window: Duration.DurationInput }>
  /**
   * Whether requests are counted in any window of time, or in fixed windows aligned to the clock. Rejected requests do not
   * count. Instantly does not document this. Default: sliding, which is stricter.
   */
  readonly window?: "sliding" | "fixed"
  /** Whether a 429 says how long to wait. Instantly does not document it. Default: no. */
  readonly retryAfter?: boolean
  /**
   * Which workspace is charged for a request with `x-as-workspace`. Instantly does not document this. Default: the one that
   * the request acts on.
   */
  readonly chargedWorkspace?: "caller" | "target"
  /**
   * The status of a request whose key lacks the scope. Instantly's documentation says 403. Default: 401, with the message
   * `Invalid scope. Required: …. Found: …`, as the live API has been seen to respond.
   */
  readonly missingScope?: 401 | 403
  /** Whether that 401 lists the scopes that the key has. Both have been seen. Default: yes. */
  readonly listsFoundScopes?: boolean
  /**
   * The message of the 401 for a key that never existed. Seen so far: `Invalid API key`, `Invalid authorization header` and
   * `Invalid authorization header or API key`. Default: the first one.
   */
  readonly unknownKeyMessage?: string
  /** The message of the 401 for a deleted key. Nobody has reported one. Default: that of a key that never existed. */
  readonly revokedKeyMessage?: string
  /**
   * Whether the plan of the workspace that a secret names is checked before or after the secret itself. If before,
   * every secret that names a workspace without a plan gets a 402, even a deleted key's. Instantly does not document
   * this. Default: after it.
   */
  readonly planChecked?: "beforeKey" | "afterKey"
  /**
   * Whose id a secret holds: its workspace's, or its own key's. Default: its workspace's, as one user has reported.
   */
  readonly uuidInSecret?: "workspace" | "key"
  /**
   * How list and delete show a key's secret. Instantly does not document this. Default: whole, which is the hardest to keep
   * secret.
   */
  readonly shownSecret?: "whole" | "masked" | "empty"
  /**
   * How long a change takes to show in lists and in the audit log. Up to 15 seconds have been reported for other
   * resources. Default: 0.
   */
  readonly listLag?: Duration.DurationInput
  /** How long a deleted key still authenticates. Instantly does not document this. Default: 0. */
  readonly revocationLag?: Duration.DurationInput
  /** Whether the last page of a list has a cursor, too. Instantly has been seen to send one. Default: yes. */
  readonly cursorOnLastPage?: boolean
  /** What the audit log shows. Instantly documents none of these. */
  readonly auditLog?: {
    /** Which row comes first. Default: the newest. */
    readonly order?: "newestFirst" | "oldestFirst"
    /** Whether rows keep the id of the key that acted once that key has been deleted. Default: kept. */
    readonly deletedKeyId?: "kept" | "lost"
    /**
     * How a row identifies a created or deleted key: by its id, somewhere in `audit_metadata`; by the time alone, which
     * is that of the creation or deletion; or not at all, and the row's time is a minute earlier. Default: by its id.
     */
    readonly createdKey?: "id" | "time" | "nothing"
  }
  /** The scripts that are there from the start, in their order: see `Service.script`. Default: none. */
  readonly faults?: ReadonlyArray<Script>
}

/** The whole milliseconds of a window that is finite and longer than zero. */
export const windowMillis = (parameter: string, window: Duration.DurationInput): number => {
  const millis = Parameters.finiteMillis(parameter, window)
  return millis > 0 ? millis : Parameters.refuse(parameter, "longer than zero", window)
}

const lagMillis = (parameter: string, lag: Duration.DurationInput = 0): number =>
  Duration.toMillis(Parameters.duration(parameter, lag))

const instantlyLimits: NonNullable<Options["limits"]> = [
  { limit: 100, window: "1 second" },
  { limit: 6000, window: "1 minute" }
]

export const behaviourOf = (options: Options): Behaviour => {
  const unknownKeyMessage = options.unknownKeyMessage ?? "Invalid API key"
  return {
    limits: (options.limits ?? instantlyLimits).map(({ limit, window }) => {
      if (!(Number.isInteger(limit) && limit >= 1))
        Parameters.refuse("InstantlyMock: limit", "a whole number of at least 1", limit)
      return { limit, window: windowMillis("InstantlyMock: window of a limit", window) }
    }),
    window: options.window ?? "sliding",
    retryAfter: options.retryAfter ?? false,
    chargedWorkspace: options.chargedWorkspace ?? "target",
    missingScope: options.missingScope ?? 401,
    listsFoundScopes: options.listsFoundScopes ?? true,
    unknownKeyMessage,
    revokedKeyMessage: options.revokedKeyMessage ?? unknownKeyMessage,
    planChecked: options.planChecked ?? "afterKey",
    uuidInSecret: options.uuidInSecret ?? "workspace",
    shownSecret: options.shownSecret ?? "whole",
    listLag: lagMillis("InstantlyMock: listLag", options.listLag),
    revocationLag: lagMillis("InstantlyMock: revocationLag", options.revocationLag),
    cursorOnLastPage: options.cursorOnLastPage ?? true,
    auditLog: { order: "newestFirst", deletedKeyId: "kept", createdKey: "id", ...options.auditLog }
  }
}
