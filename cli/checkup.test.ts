import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { readSettings } from "../shared/config.ts";
import { checkObservers } from "./checkup-observers.ts";
import { checkServices } from "./checkup-services.ts";
import { checkSettings, endpointFinding } from "./checkup-settings.ts";

async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

for (const [status, is, says, todo] of [
  [200, "good", "m; the endpoint answers"],
  [204, "good", "m; the endpoint answers"],
  [401, "bad", "the endpoint answers 401", "see GENESIS_MODEL_KEY"],
  [403, "bad", "the endpoint answers 403", "see GENESIS_MODEL_KEY"],
  [404, "note", "m; the endpoint answers 404 to GET /models", "see GENESIS_MODEL_URL"],
  [500, "note", "m; the endpoint answers 500 to GET /models", "see GENESIS_MODEL_URL"],
  [501, "note", "m; the endpoint answers 501 to GET /models", "see GENESIS_MODEL_URL"],
] as const) {
  test(`a model's endpoint that answers ${status}: ${is}`, async (t) => {
    const modelUrl = await serve(t, (_, response) => response.writeHead(status).end());
    const finding = await endpointFinding({ modelUrl, modelName: "m", modelKey: undefined });
    assert.deepEqual(finding, { what: "model", is, says, ...(todo && { todo }) });
  });
}

test("a service that hangs is told apart from one that is gone, and both say what to do", async (t) => {
  const http = await serve(t, () => {});
  const services = [
    { name: "agents", pid: 7, http },
    { name: "halo", pid: 8, http: "http://127.0.0.1:9" },
  ];
  const findings = await checkServices({ services });
  const of = (name: string) => findings.find(({ what }) => what === name);
  assert.equal(of("agents")?.says, `did not answer in time, pid 7, ${http}`);
  assert.equal(of("halo")?.says, "does not answer, pid 8, http://127.0.0.1:9");
  assert.match(of("agents")?.todo ?? "", /kill -CONT 7; .* kill -9 7$/);
  assert.equal(of("aop")?.says, "is not running");
});

test("what an instance was started with beside the services of the house is looked at as well", async (t) => {
  const http = await serve(t, (_, response) => response.end());
  const findings = await checkServices({ services: [{ name: "newsroom", pid: 9, http }] });
  assert.deepEqual(findings.at(-1), { what: "newsroom", is: "good", says: `ready, pid 9, ${http}` });
});

test("the Collector and Prometheus are there, or not, or somebody else is", async (t) => {
  const http2 = createHttp2Server().listen(0, "127.0.0.1");
  await once(http2, "listening");
  t.after(() => http2.close());
  const collector = `http://127.0.0.1:${(http2.address() as AddressInfo).port}`;
  const prometheus = await serve(t, (request, response) => {
    response.writeHead(request.url === "/-/ready" ? 200 : 404).end();
  });
  assert.deepEqual(await checkObservers({ observe: { collector, prometheus } }), [
    { what: "otelcol", is: "good", says: `takes spans at ${collector}` },
    { what: "prometheus", is: "good", says: `ready, ${prometheus}` },
  ]);
  const away = "http://127.0.0.1:9";
  assert.deepEqual(await checkObservers({ observe: { collector: prometheus, prometheus: away } }), [
    {
      what: "otelcol",
      is: "bad",
      says: `does not answer at ${prometheus}`,
      todo: "npx genesis logs otelcol",
    },
    {
      what: "prometheus",
      is: "bad",
      says: `does not answer at ${away}`,
      todo: "npx genesis logs prometheus",
    },
  ]);
  assert.deepEqual(await checkObservers({}), []);
});

test("the instance's catalogues and model are looked at, and a shell that says otherwise is told so", async () => {
  const here = readSettings({ GENESIS_CATALOG: "audit" });
  const told = { catalog: ["business"], prefix: "genesis", model: "m" };
  const findings = new Map((await checkSettings(here, told)).map((finding) => [finding.what, finding]));
  assert.match(findings.get("catalogue")!.says, /^business: \d+ agents/);
  assert.equal(
    findings.get("catalogue here")?.says,
    "GENESIS_CATALOG is audit here, the instance was started with business",
  );
  assert.equal(
    findings.get("model")?.says,
    "the instance was started with m, GENESIS_MODEL_NAME here is not set; not asked",
  );
  const same = await checkSettings(readSettings({ GENESIS_CATALOG: "business" }), {
    ...told,
    model: undefined,
  });
  assert.ok(!same.some(({ what }) => what === "catalogue here"));
});
