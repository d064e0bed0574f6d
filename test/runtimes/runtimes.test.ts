/** What the library does on each runtime, over real sockets, and what each runtime cannot tell. */
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { hosts, prepare } from "./hosts.js"
import { type Servers, servers } from "./servers.js"
import type { Results } from "./suite.js"

const notSent = { tag: "TransportError", reason: "NotSent", outcome: "NotApplied", attempts: 1 }
const lost = { tag: "TransportError", reason: "ConnectionLost", outcome: "Unknown", attempts: 1 }

beforeAll(prepare)

describe.each(hosts.map((host) => [host.name, host] as const))(
  "%s",
  (_, { isInstalled, onKeptConnections, run, tellsApart, unpacks }) => {
    describe.skipIf(!isInstalled)("a deletion", () => {
      const scope = Effect.runSync(Scope.make())
      let results: Results
      let called: Servers
      beforeAll(async () => {
        called = await Effect.runPromise(Scope.extend(servers, scope))
        results = await run(called.plan)
      })
      afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

      it("gives the key that is gone", () => {
        expect(results.present).toBe("leaked")
      })

      it("of a key that is not there is NotFound", () => {
        expect(results.missing).toEqual({ tag: "NotFound", outcome: "NotApplied", attempts: 1 })
      })

      it("waits as long as a 429 asks, and is tried again", () => {
        expect(results.throttled).toMatchObject({
          name: "leaked",
          span: { "instantly.attempts": 2, "instantly.outcome": "Applied" }
        })
        // a timer may be some milliseconds early by another clock
        expect(results.throttled.span["instantly.waited_ms"]).toBeGreaterThan(980)
      })

      it("with no response in time is a Timeout, and Unknown", () => {
        expect(results.silent).toMatchObject({ ...lost, reason: "Timeout" })
      })

      it("whose response is lost is tried again, and then NotFound and Unknown", async () => {
        expect(results.lossy).toEqual({ tag: "NotFound", outcome: "Unknown", attempts: 2 })
        expect(await Effect.runPromise(called.lossyArrivals)).toBe(2)
      })

      it("that is interrupted aborts its request, and its span has the outcome", () => {
        expect(results.watched).toMatchObject({
          span: { "error.type": "interrupted", "instantly.outcome": "Unknown", "instantly.attempts": 1 },
          closed: "yes"
        })
      })

      it.each([
        ["refuses connections", /^no connection to [\w.]+:\d+ \(ECONNREFUSED\)$/],
        ["cannot be resolved", /^no connection to [\w.-]+:\d+ \((?:ENOTFOUND|EAI_AGAIN)\)$/],
        ["has an untrusted certificate", /^no connection to [\w.]+:\d+ \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/]
      ])(
        `at a server that %s ${tellsApart ? "is known not to be sent" : "is not known not to be sent"}`,
        (server, code) => {
          const detail = tellsApart ? expect.stringMatching(code) : expect.any(String)
          expect(results.failing[server]).toEqual({ ...(tellsApart ? notSent : lost), detail })
        }
      )

      it.each(["closes at once", "closes after the request", "resets after the request"])(
        "at a server that %s is lost, and Unknown",
        (server) => {
          expect(results.failing[server]).toMatchObject(lost)
        }
      )

      it("that a server has seen is never reported as not sent", () => {
        const seen = Object.entries(called.failingArrivals()).filter(([, arrivals]) => arrivals > 0)
        expect(seen.length).toBeGreaterThanOrEqual(2)
        for (const [server] of seen) expect(results.failing[server]).toMatchObject(lost)
        expect(results.leaving.lost).toMatchObject(lost)
      })

      const tooLong = { tag: "InvalidResponse", outcome: "Unknown", attempts: 1, detail: "it is longer than 2048 KiB" }
      const notJson = "it is not JSON, so a proxy or a login page may have sent it"
      const throttled = { tag: "TooManyRequests", outcome: "NotApplied", attempts: 1 }
      it.each([
        ["a 200 without end", tooLong],
        ["a 429 without end", throttled],
        ["a 200 of 64 MB in gzip", unpacks ? tooLong : { ...tooLong, detail: notJson }],
        ["a 429 of 64 MB in gzip", throttled]
      ])("at a server that sends %s reads up to a cap, and closes the connection", (server, expected) => {
        expect(results.hostile[server]).toEqual({ error: expected, closed: "yes" })
        // the cap, and what was under way
        expect(Number(called.hostile[server]?.written()) / 2 ** 20).toBeLessThan(32)
      })

      it(
        {
          never: "does without a kept connection, and is sent once",
          "sends once": "that is lost on a kept connection is sent once",
          "sends again": "that is lost on a kept connection is sent again by the runtime, which the library cannot see"
        }[onKeptConnections],
        () => {
          expect(results.keeping).toMatchObject({ kept: onKeptConnections !== "never", lost })
          expect(called.lostArrivals()).toBe(onKeptConnections === "sends again" ? 2 : 1)
        }
      )
    })
  }
)
