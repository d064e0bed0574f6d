/**
 * Deletes the API key whose id is given, and prints the span of the call with its events, the metrics and the debug logs
 * as OpenTelemetry exports them: `INSTANTLY_API_KEY=… npx tsx examples/opentelemetry.ts <id>`.
 *
 * It needs `@effect/opentelemetry@0.64` and the packages of OpenTelemetry that it names.
 */
import { NodeSdk } from "@effect/opentelemetry"
import { FetchHttpClient } from "@effect/platform"
import { ConsoleMetricExporter, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { ConsoleSpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Effect, Layer, Logger, LogLevel, Schema } from "effect"
import { ApiKey, ApiKeys, Instantly } from "effect-instantly"

const program = Effect.gen(function* () {
  const id = yield* Schema.decodeUnknown(ApiKey.ApiKeyId)(process.argv[2])
  const apiKeys = yield* ApiKeys.ApiKeys
  const deleted = yield* apiKeys.delete(id)
  yield* Effect.log(`deleted ${deleted.name}`)
})

const InstantlyLive = Instantly.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))

/** Elsewhere: exporters that send to a collector, and a batching processor. What is left is exported when the app ends. */
const TelemetryLive = NodeSdk.layer(() => ({
  resource: { serviceName: "offboarding" },
  spanProcessor: new SimpleSpanProcessor(new ConsoleSpanExporter()),
  metricReader: new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })
}))

await program.pipe(
  Logger.withMinimumLogLevel(LogLevel.Debug),
  Effect.provide(InstantlyLive),
  Effect.provide(TelemetryLive),
  Effect.runPromise
)
