/** The three `HttpClient`s of Node. */
import { FetchHttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"

export const clients = [
  ["Fetch", FetchHttpClient.layer],
  ["Undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layer]
] as const
