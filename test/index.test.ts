import { expect, it } from "@effect/vitest"

it("the package gives each of its modules under its name, and the double apart from them", async () => {
  expect(Object.keys(await import("effect-instantly"))).toEqual([
    "ApiKey",
    "ApiKeys",
    "Instantly",
    "InstantlyClient",
    "InstantlyError",
    "Outcome",
    "RateLimit",
    "RetryPolicy",
    "Revocation"
  ])
  expect(Object.keys(await import("effect-instantly/testing"))).toEqual(["Fault", "InstantlyMock", "VirtualTime"])
})

it("two copies of the package in one program share its services: each is known by the library's name and its own", async () => {
  const { ApiKeys, InstantlyClient, RateLimit } = await import("effect-instantly")
  const { InstantlyMock } = await import("effect-instantly/testing")
  const services = [ApiKeys.ApiKeys, InstantlyClient.InstantlyClient, RateLimit.RateLimit, InstantlyMock.InstantlyMock]
  expect(services.map(({ key }) => key)).toEqual([
    "effect-instantly/ApiKeys",
    "effect-instantly/InstantlyClient",
    "effect-instantly/RateLimit",
    "effect-instantly/testing/InstantlyMock"
  ])
})
