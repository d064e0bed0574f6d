/** The engines that the tests share. */
import { Context, Effect, Layer } from "effect"
import * as Postgres from "../../../test/engines/postgres.js"
import * as Redis from "../../../test/engines/redis.js"

/** Whether all of it is here. */
export const isInstalled = Postgres.isInstalled && Redis.isInstalled

// What Redis appends to a file is all that it has ever received.
const make = Effect.all({ postgres: Postgres.server, redis: Redis.server(true) })

export class Servers extends Context.Tag("test/durable/Servers")<Servers, Effect.Effect.Success<typeof make>>() {
  static readonly Live = Layer.scoped(Servers, make)
}
