import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { after, before, test } from "node:test";
import { FILES } from "../support/dashboard-panels.ts";
import { METRIC_QUERIES, promqlOf, type Asked } from "../support/dashboard-queries.ts";
import { eventually } from "../support/eventually.ts";
import { startInstance, type Instance } from "../support/instance.ts";
import { allFinished } from "../support/load.ts";
import { modelEndpoint } from "../support/model-endpoint.ts";
import { prometheusAt, type Series } from "../support/prometheus.ts";
import { ONE_BY_ONE } from "../traces/one-by-one.ts";
import { SIDE_BY_SIDE } from "../traces/side-by-side.ts";

// Every question of every dashboard, as Grafana would put it, to a real Prometheus that watches real runs, good ones and bad ones.
// What is asked of Tempo is in containers.stack.test.ts.
/** What these runs give no answer to, and why. Everything else has one. */
const UNANSWERED: Readonly<Record<string, string>> = {
  "genesis-overview: Error budget left": "it is computed every 4 minutes; promtool's tests have it answered",
  "genesis-health: What the Collector could not deliver":
    "an exporter that never gives up says so only of what is refused for good",
  "genesis-health: What the service graph could not take":
    "it says so only when it is full; service-graph.stack.test.ts has it so",
};

/** What is asked when nothing has happened yet as well, and then says 0. */
const ZERO_AT_FIRST = ["genesis-overview: Under way", "genesis-health: Spans that were lost"];

/** A round of runs: good ones, failed ones, rejected ones, and one that asks a model. */
const ROUND: readonly object[] = [
  { taskType: "flow_chain" },
  { taskType: "flow_retry" },
  { taskType: "flow_fail" },
  { taskType: "flow_spend", input: { costMicroUsd: 7 } },
  { taskType: "trace_replan" },
  { taskType: "trace_unroutable", policy: { maxReplans: 1 } },
  { goal: "say hello" },
];
/** What can go wrong beside that, each once: a crash over a step, a result too late, an update, no trace context. */
const FAULTS = [
  ONE_BY_ONE["crash-before-ack"]!,
  ...["overtaken", "update-refused", "invalid-context", "dead-letter", "cancel"].map(
    (name) => SIDE_BY_SIDE[name]!,
  ),
];

const ENDED_WITHIN_MS = 60_000;
const ANSWERED_WITHIN_MS = 120_000;
const PAUSE_MS = 5000;

const cleanUps: (() => unknown)[] = [];
let prometheus: ReturnType<typeof prometheusAt>;
/** By query, the last answer to it: the first one that has a number, or the last try. */
const answers = new Map<string, Series[]>();
/** By panel, the first answer to its question, before there was a run. */
const firstAnswers = new Map<string, Series[]>();

async function playRound({ client }: Instance): Promise<void> {
  const replies = await Promise.all(ROUND.map((task) => client.submit({ goal: "go", ...task })));
  await allFinished(
    client,
    replies.map(({ run }) => run!),
    ENDED_WITHIN_MS,
  );
}

const hasNumber = (answer: readonly Series[] = []): boolean =>
  answer.some(({ value }) => Number.isFinite(value));
const isOpen = ({ panel, text }: Asked): boolean =>
  UNANSWERED[panel] === undefined && !hasNumber(answers.get(text));

/** Asks what has no answer yet. While runs go on, because a rate is over the last minute. */
async function askAll(): Promise<void> {
  for (const { text } of METRIC_QUERIES.filter(isOpen))
    answers.set(text, await prometheus.query(promqlOf(text)));
}

async function askBeforeTheFirstRun(): Promise<void> {
  await eventually(
    async () => hasNumber(await prometheus.query("sum(run_submitted_total)")),
    ANSWERED_WITHIN_MS,
  );
  for (const { panel, text } of METRIC_QUERIES.filter((asked) => ZERO_AT_FIRST.includes(asked.panel)))
    firstAnswers.set(panel, await prometheus.query(promqlOf(text)));
}

before(async () => {
  const model = await modelEndpoint({ after: (fn) => cleanUps.push(fn) }, { text: "Hello." });
  const instance = await startInstance({
    observe: true,
    catalogs: [join(import.meta.dirname, "..", "traces", "catalog")],
    settings: { GENESIS_MODEL_URL: model.url, GENESIS_MODEL_NAME: "model-1" },
  });
  cleanUps.push(() => instance.stop());
  prometheus = prometheusAt(instance.observers().prometheus);
  await askBeforeTheFirstRun();
  for (const { play } of FAULTS) await play(instance);
  const until = performance.now() + ANSWERED_WITHIN_MS;
  do {
    await playRound(instance);
    await setTimeout(PAUSE_MS);
    await askAll();
  } while (METRIC_QUERIES.some(isOpen) && performance.now() < until);
});
after(async () => {
  for (const cleanUp of cleanUps.toReversed()) await cleanUp();
});

test("there is something to ask", () => {
  assert.equal(FILES.length, 5);
  assert.ok(METRIC_QUERIES.length > 80);
  const panels = new Set(METRIC_QUERIES.map(({ panel }) => panel));
  assert.deepEqual(
    Object.keys(UNANSWERED).filter((panel) => !panels.has(panel)),
    [],
  );
});

for (const panel of ZERO_AT_FIRST) {
  test(`${panel}: says 0 before the first run`, () => {
    assert.deepEqual(
      firstAnswers.get(panel)?.map(({ value }) => value),
      [0],
    );
  });
}

for (const { panel, text } of METRIC_QUERIES) {
  const why = UNANSWERED[panel];
  if (why === undefined) {
    test(`${panel}: has an answer: ${text}`, () => {
      assert.ok(hasNumber(answers.get(text)), `${promqlOf(text)}: ${JSON.stringify(answers.get(text))}`);
    });
  } else {
    test(`${panel}: is understood, and has no answer here: ${why}`, async () => {
      assert.ok(Array.isArray(await prometheus.query(promqlOf(text))));
    });
  }
}
