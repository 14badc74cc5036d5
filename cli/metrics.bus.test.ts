import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { genesis } from "../test/support/genesis.ts";
import { startInstance, type Instance } from "../test/support/instance.ts";
import type { ServiceMetrics } from "./read-metrics.ts";

let instance: Instance;
before(async () => {
  instance = await startInstance();
  await genesis([
    "submit",
    "--goal",
    "Five in a row",
    "--type",
    "flow_chain",
    "--wait",
    "--nats",
    instance.url,
  ]);
});
after(() => instance.stop());

test("metrics sums up a run by service, as text and as one JSON document", async () => {
  const text = await genesis(["metrics", "--dir", instance.dir]);
  assert.deepEqual([text.status, text.stderr], [0, ""]);
  assert.match(text.stdout, /^gateway\nMETRIC +LABELS +COUNT +SUM +MIN +P50 +P95 +P99 +MAX +NOW\n/);
  assert.match(text.stdout, /\nrun_submitted_total +1\n/);
  assert.match(text.stdout, /\naop_quality_score +profile=aop-v1 verdict=passed +1 +0\.\d\d/);
  assert.match(
    text.stdout,
    /\n~ estimated from the buckets of a histogram; counts and sums are exact\n\d+ rows at 0 are hidden; --all shows all\n$/,
  );
  assert.doesNotMatch(text.stdout, /messaging_dlq_total/);
  const all = await genesis(["metrics", "--all", "--dir", instance.dir]);
  assert.match(all.stdout, /\nmessaging_dlq_total +code=E_POISON +0\n/);
  assert.doesNotMatch(all.stdout, /hidden/);
  const services = JSON.parse(
    (await genesis(["metrics", "--dir", instance.dir, "--json"])).stdout,
  ) as ServiceMetrics[];
  assert.deepEqual(
    services.map(({ service }) => service),
    ["gateway", "htdag", "halo", "aop", "execution", "agents", "flow-agent"],
  );
});

test("one service can be named, and the first Genesis' names are in the document", async () => {
  const { status, stdout } = await genesis(["metrics", "htdag", "--dir", instance.dir, "--json"]);
  const [htdag, ...others] = JSON.parse(stdout) as ServiceMetrics[];
  assert.deepEqual([status, others], [0, []]);
  assert.ok(htdag && "metrics" in htdag);
  assert.deepEqual(
    htdag.metrics["htdag.final_task_count"]?.map(({ count, sum }) => [count, sum]),
    [[1, 5]],
  );
});

test("a service that is not there, and an instance that is not, are exit code 1 and one line", async () => {
  const unknown = await genesis(["metrics", "nobody", "--dir", instance.dir]);
  assert.deepEqual([unknown.status, unknown.stdout], [1, ""]);
  assert.match(unknown.stderr, /^genesis: no service "nobody" is running; there are gateway, [^\n]*\n$/);
  const none = await genesis(["metrics", "--dir", join(tmpdir(), "genesis-nowhere")]);
  assert.deepEqual([none.status, none.stdout], [1, ""]);
  assert.match(none.stderr, /^genesis: nothing is running; start it with npx genesis up --dir [^\n]*\n$/);
});

test("a service that hangs does not hide the others", async () => {
  const thaw = instance.freeze("aop");
  const { status, stdout, stderr } = await genesis(["metrics", "--dir", instance.dir]);
  thaw();
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^genesis: aop at http:\/\/127\.0\.0\.1:\d+ does not answer; npx genesis doctor says what is running\n$/,
  );
  assert.match(stdout, /^gateway\n[\s\S]*\nexecution\n/);
});
