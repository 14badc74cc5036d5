import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { exportSettings, observeUrls, writeTargets } from "./observe.ts";

const ports = { grpc: 4317, http: 4318, health: 4319, prometheus: 9090 };

test("the addresses are those of the documented state", () => {
  assert.deepEqual(observeUrls({ ports }), {
    collector: "http://127.0.0.1:4317",
    prometheus: "http://127.0.0.1:9090",
  });
});

test("services send spans to the Collector alone, whatever else the environment says of signals", () => {
  assert.deepEqual(exportSettings({ ports }), {
    GENESIS_TRACES_FILE: "",
    OTEL_TRACES_EXPORTER: "otlp",
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://127.0.0.1:4317",
    OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "grpc",
  });
});

test("the Collector is told where each service shows its metrics, by the name that its spans carry", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "genesis-observe-"));
  t.after(() => rmSync(dir, { recursive: true }));
  writeTargets({ dir, ports }, [{ name: "halo", pid: 3, http: "http://127.0.0.1:19466" }]);
  assert.deepEqual(JSON.parse(readFileSync(join(dir, "collector", "targets.json"), "utf8")), [
    { targets: ["127.0.0.1:19466"], labels: { job: "halo" } },
    { targets: ["127.0.0.1:9090"], labels: { job: "prometheus" } },
  ]);
});
