/** The one key that every contender deletes, and the body of each response. */
export const id = "019e18e2-78d4-7322-941a-7384d8969c61"

export const path = `/api/v2/api-keys/${id}`

/** Below this path the server does not say how long a body is. */
export const chunked = "/chunked"

export const token = "made-up-token"

export const headers = { accept: "application/json", authorization: `Bearer ${token}`, "user-agent": "speed/1.0" }

export const body = JSON.stringify({
  id,
  name: "made-up key",
  scopes: ["api_keys:read", "api_keys:delete", "campaigns:all"],
  key: "made-up-secret",
  organization_id: "019e18e2-78d4-7322-941a-7384d8969c62",
  timestamp_created: "2026-01-02T03:04:05.678Z",
  timestamp_updated: "2026-01-02T03:04:05.678Z"
})
