import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ATTRIBUTE, METRICS, SERVICE_LAYERS, type MetricRow } from "../../shared/telemetry/names.ts";
import { eventually } from "../support/eventually.ts";
import { startInstance, type Instance } from "../support/instance.ts";
import { isAllHandled } from "../support/load.ts";
import { modelEndpoint } from "../support/model-endpoint.ts";
import { spansIn, type FileSpan } from "../support/trace-files.ts";
import { assertGolden, goldenNames } from "./golden.ts";
import { ONE_BY_ONE } from "./one-by-one.ts";
import { traceOfRun, type Left, type Scenario } from "./scenario.ts";
import { SIDE_BY_SIDE } from "./side-by-side.ts";
import { KINDS, namesOfTable, namesSeen, type Names } from "./seen-names.ts";
import {
  ON_EVERY_DELIVERY,
  ON_EVERY_MESSAGE,
  ON_EVERY_MESSAGE_OF_A_RUN,
  ON_EVERY_MESSAGE_WITH_AN_ID,
  treeText,
} from "./tree-text.ts";

// What the telemetry of real processes looks like, scenario by scenario, while a Collector takes spans and answers nothing.
// GOLDEN=write writes the files that the traces are compared with.
const SCENARIOS: Readonly<Record<string, Scenario>> = { ...SIDE_BY_SIDE, ...ONE_BY_ONE };
/** The durables that a process takes from; those of the puppet have none. */
const DURABLES = ["gateway", "htdag", "halo", "aop", "execution", "agent-flow_worker-normal"];
/** Runs of one course at the same time. */
const MANY = 25;
const EXEMPLAR = / # \{trace_id="([0-9a-f]{32})",span_id="([0-9a-f]{16})"\}/;

let instance: Instance;
const left = new Map<string, Left>();
const many: Left[] = [];
let spans: FileSpan[];
/** The metrics of every process, as they were before it was stopped and at the end. */
const pages: string[] = [];
const cleanUps: (() => void)[] = [];

before(async () => {
  const model = await modelEndpoint({ after: (fn) => cleanUps.push(fn) }, { text: "Hello." });
  instance = await startInstance({
    catalogs: [join(import.meta.dirname, "catalog")],
    settings: {
      GENESIS_MODEL_URL: model.url,
      GENESIS_MODEL_NAME: "model-1",
      OTEL_EXPORTER_OTLP_ENDPOINT: await silentCollector(),
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
      OTEL_BSP_SCHEDULE_DELAY: "soon",
    },
  });
  const play = async ([name, scenario]: [string, Scenario]): Promise<void> => {
    left.set(name, await scenario.play(instance));
  };
  await Promise.all(Object.entries(SIDE_BY_SIDE).map(play));
  const again = await Promise.all(Array.from({ length: MANY }, () => SIDE_BY_SIDE["happy"]!.play(instance)));
  many.push(...again);
  for (const entry of Object.entries(ONE_BY_ONE)) {
    // Whoever is killed next must not take spans of others with it.
    pages.push(...(await eventually(pagesWithAllSpans)));
    await play(entry);
  }
  await instance.allUp();
  for (const durable of DURABLES) await eventually(() => isAllHandled(instance.client, durable));
  pages.push(...(await eventually(pagesWithAllSpans)));
  spans = await spansIn(instance.dir);
});

after(async () => {
  await instance.stop();
  for (const cleanUp of cleanUps) cleanUp();
});

async function silentCollector(): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    cleanUps.push(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The metrics of all processes, once every span that has ended stands in its process's file. */
async function pagesWithAllSpans(): Promise<string[] | false> {
  const names = Object.keys(instance.pids()).filter((name) => name !== "nats-server");
  const now = await Promise.all(
    names.map(async (name) => (await fetch(`${instance.httpOf(name)}/metrics`)).text()),
  );
  return now.every((page) => writtenIn(page, "created") === writtenIn(page, "exported")) && now;
}

function writtenIn(page: string, state: string): number {
  const found = new RegExp(`^telemetry_spans_total\\{exporter="file",state="${state}"\\} (\\d+)`, "m");
  return Number(found.exec(page)?.[1] ?? 0);
}

/** Every span that a scenario has left: of the trace that its run began with, and of those that its run went on in. */
async function spansOf(scenario: Left): Promise<FileSpan[]> {
  if ("traceId" in scenario) return spans.filter(({ traceId }) => traceId === scenario.traceId);
  const own = spans.filter(({ attributes }) => attributes[ATTRIBUTE.run] === scenario.run);
  const traceIds = new Set([await traceOfRun(instance, scenario.run), ...own.map(({ traceId }) => traceId)]);
  return spans.filter(({ traceId }) => traceIds.has(traceId));
}

describe("the trace of", () => {
  for (const [name, { about, alike }] of Object.entries(SCENARIOS)) {
    test(`${name}: ${about}`, async () => {
      const text = treeText(await spansOf(left.get(name)!), alike ? { alike } : {});
      assertGolden(name, { about, text });
    });
  }
});

test("every golden file is that of a scenario", () => {
  assert.deepEqual(goldenNames().toSorted(), Object.keys(SCENARIOS).toSorted());
});

test("runs of one course at the same time have the same trace", async () => {
  const { about } = SIDE_BY_SIDE["happy"]!;
  for (const one of many) assertGolden("happy", { about, text: treeText(await spansOf(one)) });
});

test("a trace that nobody records is carried on all the same", async () => {
  const { run } = left.get("unsampled") as { run: string };
  const traceId = await traceOfRun(instance, run);
  const facts = await instance.client.history(run);
  assert.ok(facts.length > 6);
  for (const { subject, headers } of facts)
    assert.match(headers["traceparent"]![0]!, new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`), subject);
});

test("every span of a message says what the conventions ask for, and which layer its process belongs to", () => {
  const messages = spans.filter(({ kind }) => kind === "CONSUMER" || kind === "PRODUCER");
  const wrong = messages.flatMap(({ name, kind, service, attributes }) => {
    const isOfRun = !name.endsWith("genesis.dlq");
    const wanted = [
      ...ON_EVERY_MESSAGE,
      ...(name.includes("genesis.timers.") ? [] : ON_EVERY_MESSAGE_WITH_AN_ID),
      ...(isOfRun ? ON_EVERY_MESSAGE_OF_A_RUN : []),
      ...(kind === "CONSUMER" ? ON_EVERY_DELIVERY : []),
    ];
    const missing = wanted
      .filter((key) => !attributes[key])
      .map((key) => `${name} of ${service} has no ${key}`);
    const isInLayer = attributes[ATTRIBUTE.layer] === (SERVICE_LAYERS[service] ?? "EXECUTION");
    return isInLayer ? missing : [...missing, `${name} of ${service} is in another layer`];
  });
  assert.deepEqual([...new Set(wrong)], []);
});

test("every run is counted once as it begins and once as it ends, whatever ended it", async () => {
  const { client } = instance;
  const begun = await client.readAll("GENESIS", "genesis.v1.task.submitted.>");
  const ended = await client.readAll("GENESIS", "genesis.v1.run.finished.>");
  // No gateway took in the task that stands there as one which did not record it would have written it.
  assert.equal(await countedBy("gateway", "run_submitted_total"), begun.length - 1);
  assert.equal(await countedBy("execution", "run_completed_total"), ended.length);
  assert.equal(ended.length, begun.length);
});

/** The sum of a counter of a process that was never stopped. */
async function countedBy(service: string, name: string): Promise<number> {
  const page = await (await fetch(`${instance.httpOf(service)}/metrics`)).text();
  const samples = page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)`, "gm"));
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}

describe("a number leads to a trace:", () => {
  for (const { name, exemplar, stability } of Object.values<MetricRow>(METRICS)) {
    if (!exemplar || stability === "reserved") continue;
    test(name, () => {
      const lines = pages.flatMap((page) => page.split("\n")).filter((line) => line.startsWith(name));
      const ids = lines.flatMap((line) => EXEMPLAR.exec(line)?.slice(1, 3) ?? []);
      assert.ok(ids.length > 0, "it has an exemplar");
      const known = new Set(spans.flatMap(({ traceId, spanId }) => [traceId, spanId]));
      assert.deepEqual(
        ids.filter((id) => !known.has(id)),
        [],
      );
    });
  }
});

/** What no scenario here can show, and where it is shown. */
const SHOWN_ELSEWHERE: Readonly<Partial<Record<keyof Names, Record<string, string>>>> = {
  metrics: {
    aop_redundant_total: "no plan here does anything twice; services/aop/observe.test.ts",
    halo_decision_margin: "no task type here has two agents; services/halo/observe.test.ts",
  },
};
/** What is counted only when something is wrong with the house itself. */
const OF_BUGS = ["unexplained", "observeFailures", "seriesRefused"] as const;
/** What every line of a log has by its writer, and is in no table. */
const OF_EVERY_LINE = ["level", "time", "msg"];

describe("the names that were seen are those of the table, both ways:", () => {
  let seen: Names;
  const table = namesOfTable();
  before(async () => {
    const lines = await instance.logLines();
    seen = namesSeen({ spans, pages, lines });
  });
  for (const kind of KINDS) {
    test(kind, () => {
      const elsewhere = Object.keys(SHOWN_ELSEWHERE[kind] ?? {});
      const strays = [...seen[kind]].filter((name) => !table[kind].has(name));
      const ours = strays.filter((name) => kind !== "log keys" || !OF_EVERY_LINE.includes(name));
      assert.deepEqual(ours, [], "seen, and not in the table");
      const ofBugs = OF_BUGS.map((key): string => METRICS[key].name);
      const unseen = [...table[kind]].filter((name) => !seen[kind].has(name) && !ofBugs.includes(name));
      assert.deepEqual(unseen.toSorted(), elsewhere.toSorted(), "in the table, and not seen");
    });
  }
});
