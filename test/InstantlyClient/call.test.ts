import { Headers } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Option, pipe } from "effect"
import * as Call from "../../src/InstantlyClient/call.js"

const uuid = "019e18e2-78d4-7322-941a-7384d8969c61"
const head = (status: number) => ({ status, headers: Headers.fromInput({ "x-request-id": uuid }) })
const begun = () => Call.begin("DELETE", "/made-up", 1000)

describe("a call", () => {
  it("has done nothing when it begins", () => {
    expect(Call.factsOf(begun())).toEqual({
      method: "DELETE",
      path: "/made-up",
      outcome: "NotApplied",
      attempts: 0,
      waited: Duration.zero,
      requestId: Option.none()
    })
  })

  it("waits until an attempt departs, and between attempts, but not while one is out", () => {
    const departed = pipe(begun(), Call.depart(1300))
    expect(Call.factsOf(departed)).toMatchObject({ waited: Duration.millis(300), attempts: 1 })
    const out = pipe(departed, Call.wake(5000))
    expect(Call.factsOf(out)).toMatchObject({ waited: Duration.millis(300) })
    const again = pipe(out, Call.settle(6000), Call.wake(6200), Call.wake(6500), Call.depart(7000))
    expect(Call.factsOf(again)).toMatchObject({ waited: Duration.millis(1300), attempts: 2 })
  })

  it("counts no wait when the clock is set back", () => {
    expect(Call.factsOf(pipe(begun(), Call.depart(400)))).toMatchObject({ waited: Duration.zero })
  })

  it("may have been carried out from its departure until its status arrives or it turns out never to have left", () => {
    const departed = pipe(begun(), Call.depart(1000))
    expect(Call.factsOf(departed).outcome).toBe("Unknown")
    expect(Call.factsOf(pipe(departed, Call.recall)).outcome).toBe("NotApplied")
    expect(Call.factsOf(pipe(departed, Call.receive(head(404)))).outcome).toBe("NotApplied")
    expect(Call.factsOf(pipe(departed, Call.receive(head(200)))).outcome).toBe("Applied")
  })

  it("remembers what its attempts may have done, and of their responses only the last one's id", () => {
    const lost = pipe(begun(), Call.depart(1000), Call.settle(2000))
    expect(Call.factsOf(lost)).toMatchObject({ outcome: "Unknown", attempts: 1, requestId: Option.none() })
    const refused = pipe(lost, Call.depart(2000), Call.receive(head(404)))
    expect(Call.factsOf(refused)).toMatchObject({ outcome: "Unknown", requestId: Option.some(uuid) })
    expect(Call.factsOf(pipe(refused, Call.settle(3000)))).toMatchObject({
      outcome: "Unknown",
      requestId: Option.none()
    })
  })
})
