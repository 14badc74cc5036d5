import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { eventually } from "../support/eventually.ts";
import { startInstance, type Instance } from "../support/instance.ts";
import { allFinished } from "../support/load.ts";
import { prometheusAt, type Series } from "../support/prometheus.ts";

// Every question of every dashboard, as Grafana would put it, to a real Prometheus that watches real runs, good ones and bad ones.
type Target = { expr?: string; query?: string };
type Panel = { title: string; targets?: Target[] };
type Asked = { panel: string; expr: string };

const FILES = globSync("deploy/grafana/dashboards/*.json", { cwd: PROJECT_ROOT }).toSorted();
const TARGETS = FILES.flatMap((file) => {
  const { uid, panels } = JSON.parse(readFileSync(join(PROJECT_ROOT, file), "utf8")) as {
    uid: string;
    panels: Panel[];
  };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map((target) => ({ panel: `${uid}: ${title}`, ...target })),
  );
});
const QUERIES = TARGETS.flatMap(({ panel, expr }): Asked[] => (expr === undefined ? [] : [{ panel, expr }]));
const TRACE_QUERIES = TARGETS.flatMap(({ panel, query }) => (query === undefined ? [] : [{ panel, query }]));

/** What these runs give no answer to, and why. Everything else has one. */
const UNANSWERED: Readonly<Record<string, string>> = {};

/** Grafana's own variables, as they are for a panel of some minutes; and whatever can be chosen, chosen. */
const asGrafana = (expr: string): string =>
  expr.replaceAll("$__rate_interval", "2m").replaceAll(/=~"\$\{\w+\}"/g, '=~".*"');

const ENDED_WITHIN_MS = 60_000;
const TOLD_WITHIN_MS = 60_000;

let instance: Instance;
let prometheus: ReturnType<typeof prometheusAt>;

async function playRuns(): Promise<void> {
  const { client } = instance;
  const tasks = [
    { goal: "go", taskType: "flow_chain" },
    { goal: "go", taskType: "flow_retry" },
    { goal: "go", taskType: "flow_skip" },
    { goal: "go", taskType: "flow_fail" },
    { goal: "go", taskType: "flow_work" },
    { goal: "Launch a SaaS" },
  ];
  const replies = await Promise.all(tasks.map((task) => client.submit(task)));
  await client.task('{"goal": "half a task');
  await allFinished(
    client,
    replies.map(({ run }) => run!),
    ENDED_WITHIN_MS,
  );
}

before(async () => {
  instance = await startInstance({ observe: true });
  prometheus = prometheusAt(instance.observers().prometheus);
  // A counter's first value is no growth: the second round is what the rates are of.
  await playRuns();
  await eventually(async () => (await prometheus.query("run_completed_total")).length > 0, TOLD_WITHIN_MS);
  await playRuns();
});
after(() => instance?.stop());

const ask = ({ expr }: Asked): Promise<Series[]> => prometheus.query(asGrafana(expr));
const hasAnswer = (answer: readonly Series[]): boolean => answer.some(({ value }) => Number.isFinite(value));

test("there is something to ask", () => {
  assert.equal(FILES.length, 5);
  assert.ok(QUERIES.length > 60);
});

for (const asked of QUERIES) {
  const reason = UNANSWERED[asked.panel];
  if (reason !== undefined) {
    test(`${asked.panel}: is understood, and has no answer here: ${reason}`, async () => {
      await ask(asked);
    });
    continue;
  }
  test(`${asked.panel}: has an answer`, async () => {
    await eventually(async () => hasAnswer(await ask(asked)), TOLD_WITHIN_MS).catch(async () => {
      assert.fail(`${asGrafana(asked.expr)}: ${JSON.stringify(await ask(asked))}`);
    });
  });
}

for (const { panel, query } of TRACE_QUERIES)
  test(`${panel}: ${query}`, { skip: "not run: TraceQL needs Tempo" }, () => undefined);
