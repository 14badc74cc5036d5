import assert from "node:assert/strict";
import { test } from "node:test";
import { SettingError, ignoredSettings, readSettings } from "./config.ts";

test("what is not set, or set to nothing, has its default", () => {
  const settings = readSettings({ GENESIS_PREFIX: "", OTEL_BSP_MAX_QUEUE_SIZE: "" });
  assert.equal(settings.prefix, "genesis");
  assert.equal(settings.spanQueueSize, 8192);
  assert.equal(settings.metricsTtlSeconds, 3600);
  assert.equal(settings.otlpEndpoint, undefined);
});

test("a variable of ours that does not fit, or that nobody knows, is an error that names it", () => {
  for (const [variable, value] of [
    ["GENESIS_METRICS_TTL_SECONDS", "0"],
    ["GENESIS_METRICS_TTL_SECONDS", "an hour"],
    ["GENESIS_METRIC_TTL", "60"],
    ["GENESIS_LOG_ERROR_TEXT", "1"],
  ] as const)
    assert.throws(
      () => readSettings({ [variable]: value }),
      (error) => error instanceof SettingError && error.variable === variable,
    );
});

test("a variable of OpenTelemetry that does not fit is ignored, and can be told", () => {
  const environment = {
    OTEL_TRACES_EXPORTER: "zipkin",
    OTEL_EXPORTER_OTLP_PROTOCOL: "carrier-pigeon",
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/protobuf",
    OTEL_BSP_SCHEDULE_DELAY: "soon",
    OTEL_SDK_DISABLED: "yes",
  };
  const settings = readSettings(environment);
  assert.deepEqual(settings.tracesExporter, ["otlp"]);
  assert.equal(settings.otlpProtocol, "grpc");
  assert.equal(settings.otlpTracesProtocol, "http/protobuf");
  assert.equal(settings.spanDelayMs, 1000);
  assert.equal(settings.sdkDisabled, false);
  assert.deepEqual(ignoredSettings(environment), [
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_SDK_DISABLED",
  ]);
  const sampler = { OTEL_TRACES_SAMPLER: "traceidration", OTEL_TRACES_SAMPLER_ARG: "1.5" };
  assert.deepEqual(ignoredSettings(sampler), ["OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"]);
  for (const ratio of ["0", "0.25", ".5", "1", "1e-3"])
    assert.deepEqual(ignoredSettings({ OTEL_TRACES_SAMPLER_ARG: ratio }), []);
  assert.deepEqual(ignoredSettings({ OTEL_SDK_DISABLED: "TRUE" }), []);
  assert.equal(readSettings({ OTEL_SDK_DISABLED: "TRUE" }).sdkDisabled, true);
});

test("an endpoint that is none is as good as not set: nothing about telemetry keeps a service from starting", () => {
  for (const endpoint of ["canary", "collector:4317", "ftp://collector"]) {
    const environment = {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4317",
    };
    const { otlpTracesEndpoint, otlpEndpoint } = readSettings(environment);
    assert.deepEqual([otlpTracesEndpoint, otlpEndpoint], [undefined, "http://collector:4317"]);
    assert.deepEqual(ignoredSettings(environment), ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]);
  }
});

test("of several exporters those that there are are used, and that another was ignored can be told", () => {
  const environment = { OTEL_TRACES_EXPORTER: "console,zipkin" };
  assert.deepEqual(readSettings(environment).tracesExporter, ["console"]);
  assert.deepEqual(ignoredSettings(environment), ["OTEL_TRACES_EXPORTER"]);
});

test("the words of OpenTelemetry's variables may be written in any case", () => {
  const environment = { OTEL_TRACES_EXPORTER: "OTLP", OTEL_EXPORTER_OTLP_PROTOCOL: "HTTP/Protobuf" };
  const { tracesExporter, otlpProtocol } = readSettings(environment);
  assert.deepEqual([tracesExporter, otlpProtocol], [["otlp"], "http/protobuf"]);
  assert.deepEqual(ignoredSettings(environment), []);
});

test("several exporters are a list", () => {
  assert.deepEqual(readSettings({ OTEL_TRACES_EXPORTER: "otlp, console" }).tracesExporter, [
    "otlp",
    "console",
  ]);
});
