/** Which requests can be sent twice without doing more than once: RFC 9110, section 9.2.2. */

const idempotent: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])

export const isIdempotent = (method: string): boolean => idempotent.has(method)
