/** Runs the suite in workerd: the plan comes as a request's body, and the results are its response. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { runWith } from "./suite.js"

export default {
  fetch: async (request: Request) => Response.json(await runWith(FetchHttpClient.layer, await request.json()))
}
