import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import { ATTRIBUTE } from "../shared/telemetry/names.ts";
import { eventually } from "./support/eventually.ts";
import { traceIdOf } from "./support/fact-shape.ts";
import { genesis } from "./support/genesis.ts";
import { COMMANDS, partOf, partsOf } from "./support/guide.ts";
import { startInstance, type Instance } from "./support/instance.ts";
import { notRun } from "./support/not-run.ts";
import { hasProgram } from "./support/programs.ts";
import { dispatchOf } from "./support/puppet.ts";
import { spansIn } from "./support/trace-files.ts";

// What docs/observability.md has people type, and the troubles that it tells of, each brought about.
let instance: Instance;
let task: { run: string; correlationId: string; traceId: string };

before(async () => {
  instance = await startInstance();
  task = await submit({ goal: "Audit this repository" });
  await instance.client.finished(task.run);
});
after(() => instance.stop());

type Task = typeof task;
const submit = async (body: object, headers?: Record<string, string>): Promise<Task> =>
  (await instance.client.submit(body, headers)) as unknown as Task;

const metricsOf = async (service: string): Promise<string> =>
  (await fetch(`${instance.httpOf(service)}/metrics`)).text();

const valueOf = (page: string, series: string): number =>
  Number(
    page
      .split("\n")
      .find((line) => line.startsWith(`${series} `))
      ?.split(" ")[1] ?? 0,
  );

test("the guide has commands to type", () => assert.ok(COMMANDS.length >= 10));

for (const command of COMMANDS) {
  test(`can be typed as it stands: ${command}`, async (t) => {
    const [program = ""] = command.split(" ");
    if (!hasProgram(program)) return notRun(t, `${program} is not installed`);
    const typed = command.replace(/^npx genesis/, `"${process.execPath}" cli/genesis.js`);
    const env = childEnvironment({
      RUN: task.run,
      STEP: "audit-list_files",
      CORRELATION: task.correlationId,
      DIR: instance.dir,
      HALO: instance.httpOf("halo"),
    });
    const where = typed === command ? "" : ` --dir "$DIR"`;
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["-euc", typed.replace("run.html", `"$DIR/run.html"`) + where],
      {
        cwd: PROJECT_ROOT,
        env,
        encoding: "utf8",
      },
    );
    assert.equal(status, 0, stderr);
    assert.notEqual(stdout.trim(), "");
  });
}

/** A service beside those of the instance, with settings of its own. */
function startProcess(main: string, settings: Record<string, string>): ChildProcess {
  const env = childEnvironment({ NATS_URL: instance.url, GENESIS_HTTP_PORT: "0", ...settings });
  return spawn(process.execPath, [join(PROJECT_ROOT, main), "works"], {
    env,
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
}

/** The troubles that were brought about below: each has a test with the heading's own words. */
const reproduced: string[] = [];
function trouble(heading: string, fn: () => Promise<void>): void {
  reproduced.push(heading);
  test(`trouble: ${heading}`, fn);
}

trouble("The trace store is empty", async () => {
  const service = startProcess("test/support/tiny-service.ts", {
    OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1",
    OTEL_BSP_SCHEDULE_DELAY: "50",
  });
  let log = "";
  service.stdout!.on("data", (text: Buffer) => (log += text.toString()));
  const [{ http }] = (await once(service, "message")) as [{ http: string }];
  const page = await eventually(async () => {
    const text = await (await fetch(`${http}/metrics`)).text();
    return valueOf(text, `telemetry_spans_total{exporter="otlp",state="failed"}`) > 0 && text;
  });
  assert.ok(valueOf(page, `telemetry_spans_total{exporter="otlp",state="created"}`) > 0);
  assert.equal(log.split("telemetry.export_failing").length - 1, 1);
  service.kill();
  await once(service, "exit");
  const without = await metricsOf("halo");
  assert.ok(valueOf(without, `telemetry_spans_total{exporter="file",state="created"}`) > 0);
  assert.equal(valueOf(without, `telemetry_spans_total{exporter="otlp",state="created"}`), 0);
});

trouble("One run has no trace at all", async () => {
  // A second gateway, which keeps no run's trace: who is asked is chance.
  const gateway = startProcess("services/gateway/main.ts", {
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0",
    GENESIS_TRACES_FILE: join(instance.dir, "traces", "left-out.jsonl"),
  });
  await once(gateway, "message");
  const run = await eventually(async () => {
    const { run: one } = await submit({ goal: "be left out", taskType: "flow_chain" });
    const { headers } = await instance.client.waitFor(`genesis.v1.task.submitted.${one}.once`);
    return headers["traceparent"]![0]!.endsWith("-00") && one;
  });
  gateway.kill();
  await once(gateway, "exit");
  await instance.client.finished(run);
  for (const { subject, headers } of await instance.client.history(run))
    assert.match(headers["traceparent"]![0]!, /-00$/, subject);
  assert.deepEqual(
    (await spansIn(instance.dir)).filter(({ attributes }) => attributes[ATTRIBUTE.run] === run),
    [],
  );
  const { status, stderr } = await genesis(["trace", run, "--dir", instance.dir]);
  assert.equal(status, 1);
  assert.match(
    stderr,
    /it was not sampled when it began, as OTEL_TRACES_SAMPLER of the gateway decides, or /,
  );
});

trouble("A trace breaks off and goes on as another one", async () => {
  const { client } = instance;
  const { run, traceId } = await submit({ goal: "in capitals", taskType: "puppet_pair" });
  const dispatched = await dispatchOf(client, run, "s1");
  const at = new Date().toISOString();
  await client.write(
    {
      type: "step.completed",
      run,
      rest: ["s1"],
      step: "s1",
      causationId: dispatched.body.id,
      data: { agent: "puppet", attempt: 1, output: 1, startedAt: at, finishedAt: at },
    },
    { traceparent: `00-${traceId.toUpperCase()}-b7ad6b7169203331-01` },
  );
  const next = await dispatchOf(client, run, "s2");
  assert.notEqual(traceIdOf(next), traceId);
  const page = await metricsOf("execution");
  assert.equal(valueOf(page, `trace_context_invalid_total{reason="malformed"}`), 1);
  await client.signal(run, "enough", { kind: "cancel" });
});

trouble("A step waits, and nobody works on it", async () => {
  const { run } = await submit({ goal: "nobody plays the puppet", taskType: "puppet_pair" });
  await instance.client.waitFor(`genesis.v1.step.dispatched.${run}.s1.1.puppet.normal`);
  const shown = await genesis(["show", run, "--dir", instance.dir]);
  assert.match(shown.stdout, /puppet/);
  const { findings } = JSON.parse((await genesis(["doctor", "--dir", instance.dir, "--json"])).stdout);
  const consumers = findings.find(({ what }: { what: string }) => what === "consumers");
  assert.match(consumers.says, /\d for agent-puppet-normal/);
});

trouble("The task is gone", async () => {
  await instance.client.task({ goal: "" });
  const listed = await eventually(async () => {
    const { stdout } = await genesis(["dlq", "list", "--dir", instance.dir]);
    return stdout.includes("E_SCHEMA") && stdout;
  });
  assert.match(listed, /genesis\.tasks/);
  assert.equal(valueOf(await metricsOf("gateway"), `messaging_dlq_total{code="E_SCHEMA"}`), 1);
});

trouble("I submitted twice, and there is one trace", async () => {
  const headers = { "idempotency-key": "twice" };
  const first = await submit({ goal: "once" }, headers);
  assert.deepEqual(await submit({ goal: "once" }, headers), first);
});

test("every trouble of the guide was brought about", () => {
  assert.deepEqual(partsOf("###", partOf("Troubleshooting")), reproduced);
});
