/**
 * Instantly in memory, and how networks fail: for the tests of this library and of all that use it.
 *
 * @since 0.1.0
 */
export * as Fault from "./Fault.js"
export * as InstantlyMock from "./InstantlyMock.js"
export * as VirtualTime from "./VirtualTime.js"
