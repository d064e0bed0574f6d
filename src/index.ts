/**
 * Revoke Instantly API keys from an Effect program.
 *
 * @since 0.1.0
 */
export * as ApiKey from "./ApiKey.js"
export * as ApiKeys from "./ApiKeys.js"
export * as Instantly from "./Instantly.js"
export * as InstantlyClient from "./InstantlyClient.js"
export * as InstantlyError from "./InstantlyError.js"
export * as Outcome from "./Outcome.js"
export * as RateLimit from "./RateLimit.js"
export * as RetryPolicy from "./RetryPolicy.js"
export * as Revocation from "./Revocation.js"
