import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { serveHttp, type HttpServer } from "../shared/telemetry/http.ts";
import { getObservability } from "../shared/telemetry/observability.ts";
import { readMetrics } from "./read-metrics.ts";

let service: HttpServer;
let answer = "";
let status = 200;
const stranger = createServer((_, response) => response.writeHead(status).end(answer));
let strangerHttp = "";

before(async () => {
  service = await serveHttp({ host: "127.0.0.1", port: 0, readiness: async () => ({}) });
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  strangerHttp = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
});
after(async () => {
  await service.close();
  stranger.close();
});

const reasonOf = async (http: string): Promise<string | undefined> => {
  const read = await readMetrics({ name: "x", http });
  return "failed" in read ? read.failed : undefined;
};

test("what a service sums up is read as it says it", async () => {
  getObservability().recordMetric("planDepth", {}, 2);
  const read = await readMetrics({ name: "execution", http: service.address });
  assert.ok("metrics" in read);
  assert.deepEqual([read.service, read.http], ["execution", service.address]);
  const own = await getObservability().metricsSummary();
  assert.ok(own["htdag_depth"]);
  assert.deepEqual(read.metrics["htdag_depth"], own["htdag_depth"]);
});

test("whoever does not answer, or with something else, has no metrics and a reason", async () => {
  assert.equal(await reasonOf("http://127.0.0.1:9"), "does not answer");
  for (answer of ["<html>", "[]", '{"a":[{"name":"a"}]}', '{"a":1}']) {
    assert.equal(await reasonOf(strangerHttp), "answers something that is no summary of metrics", answer);
  }
  answer = `"${"x".repeat(17 * 1024 * 1024)}"`;
  assert.equal(await reasonOf(strangerHttp), "answers something that is no summary of metrics");
  status = 404;
  assert.equal(await reasonOf(strangerHttp), "answers 404");
});
