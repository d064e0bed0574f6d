import { Headers } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Option } from "effect"
import { headOf } from "../../src/InstantlyClient/head.js"

const uuid = "019e18e2-78d4-7322-941a-7384d8969c61"
const ray = "8f2a0c1d2e3f4a5b-FRA"

const head = (headers: Record<string, string>, now = 0) =>
  headOf({ status: 503, headers: Headers.fromInput(headers) }, now)

describe("the head of a response", () => {
  it("has its status", () => {
    expect(head({})).toEqual({ status: 503, retryAfter: Option.none(), requestId: Option.none() })
  })

  it("says how long to wait, from now", () => {
    expect(head({ "retry-after": "7" }).retryAfter).toEqual(Option.some(Duration.seconds(7)))
    expect(head({ "retry-after": "soon" }).retryAfter).toEqual(Option.none())
    const at = "Mon, 23 Nov 2026 09:01:30 GMT"
    expect(head({ "retry-after": at }, Date.UTC(2026, 10, 23, 9)).retryAfter).toEqual(Option.some(Duration.seconds(90)))
  })

  it.each([
    [{ "x-request-id": uuid, "cf-ray": ray }, uuid],
    [{ "request-id": "req-1a" }, "req-1a"],
    [{ "cf-ray": ray }, ray],
    [{ "x-request-id": "two words", "cf-ray": ray }, ray],
    [{ "x-request-id": "made-up-secret" }, undefined],
    [{ "x-request-id": ` ${uuid} ` }, uuid],
    [{ "x-request-id": uuid.toUpperCase() }, uuid.toUpperCase()],
    [{ "cf-ray": "8f2a0c1d2e3f4a5b" }, "8f2a0c1d2e3f4a5b"],
    [{ "x-request-id": "req-1a", "request-id": "req-2b" }, "req-1a"],
    [{ "x-request-id": `${uuid}0` }, undefined],
    [{ "x-request-id": `0${uuid}` }, undefined],
    [{ "x-request-id": `${uuid.replaceAll("-", "")}0` }, undefined],
    [{ "x-request-id": `${ray}A` }, undefined],
    [{ "x-request-id": "req-123456789" }, undefined],
    [{ "x-request-id": "req-" }, undefined],
    [{ "x-request-id": "" }, undefined],
    [{}, undefined]
  ])("has the request id of %j", (headers, id) => {
    expect(head(headers).requestId).toEqual(Option.fromNullable(id))
  })
})
