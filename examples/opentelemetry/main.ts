/**
 * Deletes the API key with this id, and prints the span of the call with its events, the metrics and the debug logs as
 * OpenTelemetry exports them: `INSTANTLY_API_KEY=… npx tsx examples/opentelemetry/main.ts <id>`.
 *
 * It needs `@effect/opentelemetry@0.64` and the OpenTelemetry packages that it imports.
 */
import { NodeSdk } from "@effect/opentelemetry"
import { FetchHttpClient } from "@effect/platform"
import { ConsoleMetricExporter, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics"
import { ConsoleSpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Console, Effect, Layer, Logger, LogLevel } from "effect"
import { type ApiKey, ApiKeys, Instantly } from "effect-instantly"
import { idFrom, runToEnd } from "../ended.js"
import { printable } from "../printable.js"

const remove = (id: ApiKey.ApiKeyId) =>
  Effect.gen(function* () {
    const apiKeys = yield* ApiKeys.ApiKeys
    const deleted = yield* apiKeys.delete(id)
    yield* Console.log(`deleted ${printable(deleted.name)}`)
  })

const InstantlyLive = Instantly.layerConfig().pipe(Layer.provide(FetchHttpClient.layer))

/** An app exports to a collector, by a batching processor. What is left is exported when the app ends. */
const TelemetryLive = NodeSdk.layer(() => ({
  resource: { serviceName: "offboarding" },
  spanProcessor: new SimpleSpanProcessor(new ConsoleSpanExporter()),
  metricReader: new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter() })
}))

await idFrom(process.argv[2], "Usage: INSTANTLY_API_KEY=… npx tsx examples/opentelemetry/main.ts <id>").pipe(
  Effect.flatMap((id) =>
    remove(id).pipe(
      Logger.withMinimumLogLevel(LogLevel.Debug),
      Effect.provide(InstantlyLive),
      Effect.provide(TelemetryLive)
    )
  ),
  runToEnd
)
