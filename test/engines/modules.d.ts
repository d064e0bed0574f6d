/** What the tests use of clients of Redis: their own types are only there once `test/engines` has been installed. */
declare module "ioredis" {
  export class Redis {
    constructor(port: number, host?: string, options?: Record<string, unknown>)
    on(event: "error", listener: (error: Error) => void): this
    eval(script: string, keys: number, ...rest: Array<string>): Promise<unknown>
    rpush(key: string, ...values: Array<string>): Promise<unknown>
    del(key: string): Promise<unknown>
    pttl(key: string): Promise<number>
    keys(pattern: string): Promise<Array<string>>
    flushall(): Promise<unknown>
    info(section: string): Promise<string>
    sendCommand(...command: Array<unknown>): unknown
    disconnect(): void
  }
}

declare module "redis" {
  interface Client {
    on(event: "error", listener: (error: Error) => void): this
    connect(): Promise<unknown>
    eval(script: string, options: { keys: Array<string>; arguments: Array<string> }): Promise<unknown>
    destroy(): void
  }
  export const createClient: (options: { url: string }) => Client
}

declare module "rate-limiter-flexible" {
  export class RateLimiterRedis {
    constructor(options: { storeClient: unknown; points: number; duration: number })
    consume(key: string): Promise<unknown>
  }
  export class RateLimiterQueue {
    constructor(limiter: RateLimiterRedis, options?: { maxQueueSize?: number })
    removeTokens(tokens: number): Promise<number>
  }
}
