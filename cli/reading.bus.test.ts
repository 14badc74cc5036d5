import assert from "node:assert/strict";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { recordOf } from "../local/processes.ts";
import { writeState } from "../local/state.ts";
import type { NewEvent } from "../shared/contract/events.ts";
import { completed, dispatched, submitted } from "../test/support/facts.ts";
import { genesis, type Outcome } from "../test/support/genesis.ts";
import { startCell, type TestCell } from "../test/support/nats.ts";
import { ended, plannedByRule } from "../test/support/sample-run.ts";

const DONE = "d0ne".padEnd(32, "0");
const OPEN = "0pen".padEnd(32, "0");
const TWIN = "0pen".padEnd(32, "1");
const TRACE = "a".repeat(32);

let cell: TestCell;
let dir: string;
const run = (...args: string[]): Promise<Outcome> => genesis([...args, "--nats", cell.server.url]);
const append = (event: NewEvent) =>
  cell.bus.log.append({ event, expect: "subject" }, { correlationId: "corr-1" });
const json = ({ stdout }: Outcome) => JSON.parse(stdout);
const jsonLines = ({ stdout }: Outcome) =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

before(async () => {
  cell = await startCell();
  dir = mkdtempSync(join(tmpdir(), "genesis-reading-"));
  for (const id of [DONE, OPEN, TWIN]) await append(submitted(id, { goal: `the goal of ${id.slice(0, 4)}` }));
  for (const event of plannedByRule(DONE)) await append(event);
  await append(dispatched(DONE, "a"));
  await append(completed(DONE, "a", { answer: 42 }));
  await append(
    ended(DONE, "completed", {
      counts: { completed: 1, failed: 0, skipped: 0 },
      result: { a: { answer: 42 } },
    }),
  );
});
after(async () => {
  await cell.stop();
  rmSync(dir, { recursive: true });
});

test("runs lists the newest first, as text and as one JSON document", async () => {
  const listed = await run("runs");
  assert.deepEqual([listed.status, listed.stderr], [0, ""]);
  const [head, ...rows] = listed.stdout.trimEnd().split("\n");
  assert.match(head!, /^RUN +STATE +STEPS +TOOK +SUBMITTED +GOAL$/);
  assert.deepEqual(
    rows.map((row) => row.split(/ {2,}/).filter((cellText) => !/ ago$| ms$| s$/.test(cellText))),
    [
      [TWIN, "planning", "the goal of 0pen"],
      [OPEN, "planning", "the goal of 0pen"],
      [DONE, "completed", "1 of 1", "the goal of d0ne"],
    ].map(([id, ...rest]) => [id!.slice(0, rows[0]!.indexOf(" ")), ...rest]),
  );
  const limited = json(await run("runs", "--limit", "2", "--json"));
  assert.deepEqual(
    limited.map((one: { run: string; state: string }) => [one.run, one.state]),
    [
      [TWIN, "planning"],
      [OPEN, "planning"],
    ],
  );
});

test("show says of a dispatched step whether somebody has taken it", async () => {
  const id = "5tep".padEnd(32, "0");
  const other = await startCell([{ name: "worker", concurrency: 1 }]);
  try {
    const add = (event: NewEvent) =>
      other.bus.log.append({ event, expect: "subject" }, { correlationId: "c" });
    for (const event of [submitted(id), ...plannedByRule(id), dispatched(id, "a")]) await add(event);
    const shown = () => genesis(["show", id, "--nats", other.server.url]);
    assert.match((await shown()).stdout, /\n▶ a .* dispatched, nobody has taken it\n/);
    const consumer = await other.bus.js.consumers.get(other.bus.names.log, "agent-worker-normal");
    await consumer.next();
    const { status, stdout } = await shown();
    assert.equal(status, 0);
    assert.doesNotMatch(stdout, /nobody/);
  } finally {
    await other.stop();
  }
});

test("show tells a run by any unique beginning of its id", async () => {
  const shown = await run("show", "d");
  assert.deepEqual([shown.status, shown.stderr], [0, ""]);
  assert.match(shown.stdout, /^run +d0ne0+\n/);
  assert.match(shown.stdout, /\ntrace  [0-9a-f]{32}, correlation id corr-1\n/);
  assert.match(shown.stdout, /\n✔ a +completed +worker .*\{"answer":42\}\n/);
  const view = json(await run("show", "d0ne", "--json"));
  assert.deepEqual(
    [view.run, view.state, view.outcome, view.result],
    [DONE, "finished", "completed", { a: { answer: 42 } }],
  );
  assert.deepEqual(
    view.steps.map((one: { id: string; state: string }) => [one.id, one.state]),
    [
      ["a", "completed"],
      ["b", "completed"],
    ],
  );
});

test("an id that is nobody's, or several runs', is exit code 1 and one line that says so", async () => {
  const none = await run("show", "nothing");
  assert.deepEqual(none, {
    status: 1,
    stdout: "",
    stderr: 'genesis: no run begins with "nothing"; npx genesis runs lists them\n',
  });
  const odd = await run("events", "no.such>id\n\u001b[2J");
  assert.deepEqual([odd.status, odd.stdout], [1, ""]);
  assert.match(odd.stderr, /^genesis: no run begins with [^\n]*\n$/);
  const many = await run("show", "0p");
  assert.deepEqual([many.status, many.stdout], [1, ""]);
  assert.equal(many.stderr, `genesis: "0p" is the beginning of 2 runs (${OPEN}, ${TWIN}); give more of it\n`);
});

test("the trace that a run was submitted in leads to it as well, by its whole id", async () => {
  const { traceId } = json(await run("show", DONE, "--json"));
  assert.equal(json(await run("show", traceId, "--json")).run, DONE);
  assert.match((await run("explain", traceId, "a")).stdout, /^a goes to worker/);
  const short = await run("show", traceId.slice(0, 31));
  assert.match(short.stderr, /^genesis: no run begins with /);
  assert.deepEqual(await run("show", "beef".repeat(8)), {
    status: 1,
    stdout: "",
    stderr: `genesis: neither a run nor a trace of one is "${"beef".repeat(8)}"; npx genesis runs lists the runs\n`,
  });
});

test("a run whose task cannot be read says so, and its facts can still be listed", async () => {
  const id = "bad".padEnd(32, "0");
  await cell.bus.nc.request(`genesis.v1.task.submitted.${id}.once`, "not json");
  for (const args of [
    ["show", id],
    ["cancel", id],
  ]) {
    const { status, stdout, stderr } = await run(...args);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.equal(
      stderr,
      `genesis: the task of run ${id} cannot be read; npx genesis events ${id} tells why\n`,
    );
  }
  const listed = await run("events", id);
  assert.match(listed.stdout, /task\.submitted .*cannot be read: E_JSON /);
  assert.equal(JSON.parse((await run("events", id, "--json")).stdout).error.code, "E_JSON");
});

test("explain tells a decision, and of what has none, what it is", async () => {
  const explained = await run("explain", DONE, "a");
  assert.deepEqual(
    [explained.status, explained.stdout.split("\n")[0]],
    [0, "a goes to worker, by rule first"],
  );
  const record = json(await run("explain", DONE, "a", "--json"));
  assert.deepEqual([record.step, record.agent, record.decision.rule], ["a", "worker", "first"]);
  const compound = await run("explain", DONE, "b");
  assert.deepEqual([compound.status, compound.stdout], [1, ""]);
  assert.match(compound.stderr, /^genesis: "b" is a compound step[^\n]*\n$/);
  const unknown = await run("explain", DONE, "z");
  assert.equal(unknown.stderr, 'genesis: no step "z" in this run; its steps are a\n');
});

test("events lists what stands in the log, in its order", async () => {
  const types = [
    "task.submitted",
    "plan.decomposed",
    "plan.routed",
    "plan.validated",
    "step.dispatched",
    "step.completed",
    "run.finished",
  ];
  const listed = await run("events", DONE);
  assert.deepEqual(
    listed.stdout
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => line.split(/ {2,}/)[2]),
    types,
  );
  const documents = jsonLines(await run("events", DONE, "--json"));
  assert.deepEqual(
    documents.map(({ type }) => type),
    types,
  );
  assert.ok(documents.every(({ seq }, i) => i === 0 || seq > documents[i - 1].seq));
  assert.deepEqual(
    [documents[0].run, documents[0].data.goal, documents[0].correlationId],
    [DONE, "the goal of d0ne", "corr-1"],
  );
});

/** Makes the folder look like that of an instance that runs. */
function writeInstance(settings: { sdkDisabled?: true }): void {
  const up = recordOf("up", process.pid);
  writeFileSync(join(dir, "processes.json"), JSON.stringify({ up, children: [] }));
  const nats = { url: cell.server.url, pid: 1, monitor: "http://127.0.0.1:9", config: "c", store: "s" };
  const known = { catalog: ["business"], prefix: "genesis", ...settings };
  writeState(dir, { up: { pid: process.pid }, nats, services: [], settings: known });
}

test("trace draws the spans of the files in the instance's folder", async () => {
  const attributes = [{ key: "genesis.run", value: { stringValue: DONE } }];
  const span = {
    traceId: TRACE,
    spanId: "1".repeat(16),
    name: "htdag.decompose",
    startTimeUnixNano: "1",
    endTimeUnixNano: "1000001",
    attributes,
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "htdag" } }] };
  mkdirSync(join(dir, "traces"));
  writeFileSync(
    join(dir, "traces", "htdag.jsonl"),
    `${JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] })}\n`,
  );
  const drawn = await run("trace", "d0ne", "--dir", dir);
  assert.equal(drawn.stderr, "");
  assert.match(drawn.stdout, new RegExp(`^trace ${TRACE}\\n1 span of 1 service in 1 ms\\n`));
  assert.match(drawn.stdout, /\n[^\n]*htdag\.decompose[^\n]* 1 ms\n/);
  const document = json(await run("trace", DONE, "--dir", dir, "--json"));
  assert.deepEqual(
    [document.run, document.spans.length, document.spans[0].name],
    [DONE, 1, "htdag.decompose"],
  );
  assert.deepEqual(
    await run("trace", TRACE, "--dir", dir),
    drawn,
    "a trace that only its spans lead to a run",
  );
  const without = await run("trace", OPEN, "--dir", dir);
  assert.deepEqual([without.status, without.stdout], [1, ""]);
  assert.match(
    without.stderr,
    /^genesis: run 0pen0+ has no spans: it was not sampled [^\n]*, or spans were switched off then \(OTEL_SDK_DISABLED\)\n$/,
  );
  writeInstance({ sdkDisabled: true });
  assert.match(
    (await run("trace", OPEN, "--dir", dir)).stderr,
    /^genesis: run 0pen0+ has no spans: the instance makes none, it was started with OTEL_SDK_DISABLED=true\n$/,
  );
});

test("trace --html writes one page and says where, or in one line why it could not", async () => {
  const file = join(dir, "page.html");
  const written = await run("trace", "d0ne", "--dir", dir, "--html", file);
  assert.deepEqual(written, {
    status: 0,
    stdout: `wrote ${file} with 1 span; open it in a browser\n`,
    stderr: "",
  });
  assert.match(readFileSync(file, "utf8"), /^<!doctype html>\n[^]*<title>d0ne0000 the goal of d0ne<\/title>/);
  const document = json(await run("trace", "d0ne", "--dir", dir, "--html", file, "--json"));
  assert.deepEqual([document.run, document.html, Object.keys(document).length], [DONE, file, 3]);
  const refused = await run("trace", "d0ne", "--dir", dir, "--html", join(dir, "nowhere", "page.html"));
  assert.deepEqual([refused.status, refused.stdout], [1, ""]);
  assert.match(refused.stderr, /^genesis: could not write [^\n]*page\.html \(ENOENT\)\n$/);
});
test("a broker that is not there, or without Genesis on it, is exit code 1 and one line", async () => {
  const away = await genesis(["runs", "--nats", "nats://127.0.0.1:9"]);
  assert.deepEqual([away.status, away.stdout], [1, ""]);
  assert.match(away.stderr, /^genesis: no broker answers at 127\.0\.0\.1:9[^\n]*npx genesis up[^\n]*\n$/);
  const empty = await genesis(["runs", "--nats", cell.server.url], { settings: { GENESIS_PREFIX: "other" } });
  assert.deepEqual([empty.status, empty.stdout], [1, ""]);
  assert.match(empty.stderr, /^genesis: the stream OTHER does not answer[^\n]*\n$/);
});

test("NATS_URL names the broker as well, and an instance that is named does not change that", async () => {
  const listed = await genesis(["runs", "--json", "--dir", dir], { settings: { NATS_URL: cell.server.url } });
  assert.equal(listed.status, 0);
});
