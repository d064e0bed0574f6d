/** The JSON of a key, as Instantly writes it, with what a test cares about changed. The secret is made up. */
export const key = (fields: Readonly<Record<string, unknown>> = {}) => ({
  id: "019e18e2-78d4-7322-941a-7384d8969c61",
  name: "made-up key",
  scopes: ["all:all"],
  key: "made-up-secret",
  organization_id: "019e18e2-78d4-7322-941a-7384d8969c62",
  timestamp_created: "2026-01-02T03:04:05.678Z",
  timestamp_updated: "2026-01-02T03:04:05.678Z",
  ...fields
})

/** The same, as a body. */
export const keyJson = (fields?: Readonly<Record<string, unknown>>): string => JSON.stringify(key(fields))
