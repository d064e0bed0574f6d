/** What the servers of this benchmark respond with. */

/** The response to the delete of a key: the key. */
export const deleted = (path: string) =>
  JSON.stringify({
    id: path.slice(path.lastIndexOf("/") + 1),
    name: "made-up",
    scopes: ["api_keys:read"],
    key: "made-up",
    organization_id: "019e18e2-0000-7000-8000-000000000000",
    timestamp_created: "2026-01-01T00:00:00.000Z",
    timestamp_updated: "2026-01-01T00:00:00.000Z"
  })

export const tooMany = JSON.stringify({ statusCode: 429, error: "Too Many Requests", message: "Rate limit exceeded" })
