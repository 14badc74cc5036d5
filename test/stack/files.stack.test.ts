import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { toolDir, toolPath } from "../../local/stack-tools.ts";
import { childEnvironment, PROJECT_ROOT } from "../../shared/config.ts";
import { runbookQueries } from "../support/alerts.ts";

// The configuration files, read by the programs that they are for.
const run = promisify(execFile);
const env = childEnvironment({
  COLLECTOR_FILES: join(PROJECT_ROOT, "deploy", "collector"),
  COLLECTOR_QUEUE_DIR: import.meta.dirname,
  SERVICES_IN_DNS: "[{ names: [gateway], type: A, port: 9464 }]",
  TRACES_FILE: "/tmp/traces.jsonl",
});

for (const files of [["otel-collector.yaml"], ["otel-collector.yaml", "deploy/collector/local.yaml"]]) {
  test(`the Collector takes ${files.join(" with ")}`, async () => {
    const args = files.flatMap((file) => ["--config", join(PROJECT_ROOT, file)]);
    await run(toolPath("otelcol", env), ["validate", ...args], { env });
  });
}

test("Prometheus takes its configuration and every rule", async () => {
  const promtool = join(toolDir("prometheus", env), "promtool");
  const config = join(PROJECT_ROOT, "deploy", "prometheus", "prometheus.yaml");
  const { stdout } = await run(promtool, ["check", "config", "--lint=all", "--lint-fatal", config], {
    cwd: dirname(config),
  });
  assert.match(stdout, /is valid prometheus config file syntax/);
  assert.match(stdout, /[1-9]\d* rules found/);
});

test("the stack's page has the files checked without Docker", async () => {
  const page = readFileSync(join(PROJECT_ROOT, "docs", "stack.md"), "utf8");
  const [, commands = ""] = /^## Check the files without Docker\n[^]*?```sh\n([^`]+)```/m.exec(page) ?? [];
  // The cases of the alerts take most of a minute, and alerts.stack.test.ts has them.
  const shorter = commands.replace("tests/*.yaml", "tests/slo.yaml");
  assert.notEqual(shorter, commands);
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", shorter], { env, cwd: PROJECT_ROOT });
  assert.match(stdout, /^docker-compose.yml can be read$/m);
  assert.equal(stdout.match(/^ *SUCCESS/gm)?.length, 4);
});

test("Prometheus can read every query of the runbooks", async (t) => {
  const queries = runbookQueries();
  assert.ok(queries.length >= 15);
  const dir = mkdtempSync(join(tmpdir(), "genesis-queries-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const rules = queries.map((expr, index) => ({ record: `query_${index}`, expr }));
  writeFileSync(join(dir, "rules.yaml"), stringify({ groups: [{ name: "runbooks", rules }] }));
  const { stdout } = await run(join(toolDir("prometheus", env), "promtool"), [
    "check",
    "rules",
    join(dir, "rules.yaml"),
  ]);
  assert.match(stdout, new RegExp(`SUCCESS: ${queries.length} rules found`));
});

test("nats-server takes the configuration of the container", async () => {
  await run("nats-server", ["-t", "-c", join(PROJECT_ROOT, "deploy", "nats", "nats.conf")], { env });
});
