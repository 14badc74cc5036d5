import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { childEnvironment, PROJECT_ROOT } from "../shared/config.ts";
import type { NewEvent } from "../shared/contract/events.ts";
import { eventually } from "../test/support/eventually.ts";
import { submitted } from "../test/support/facts.ts";
import { genesis, startGenesis } from "../test/support/genesis.ts";
import { startCell, type TestCell } from "../test/support/nats.ts";
import { notRun } from "../test/support/not-run.ts";
import { hasProgram } from "../test/support/programs.ts";
import { ended, plannedByRule } from "../test/support/sample-run.ts";

let cell: TestCell;
before(async () => {
  cell = await startCell();
});
after(() => cell.stop());

async function appendAll(events: readonly NewEvent[]): Promise<void> {
  for (const event of events)
    await cell.bus.log.append({ event, expect: "subject" }, { correlationId: "corr-1" });
}

test("watching follows a run to its end, facts that stand and facts that come", async (t) => {
  const id = "11ve".padEnd(32, "0");
  await appendAll([submitted(id)]);
  const watching = startGenesis(["show", id, "--watch", "--json", "--nats", cell.server.url]);
  t.after(() => watching.kill("SIGKILL"));
  const seen: string[] = [];
  createInterface(watching.stdout).on("line", (line) => {
    seen.push(JSON.parse(line).type);
    // Each fact is written once the one before was seen: nothing is shown late or left out.
    if (seen.length === 1) void appendAll(plannedByRule(id));
    if (seen.length === 4) void appendAll([ended(id, "failed")]);
  });
  assert.deepEqual(await once(watching, "exit"), [0, null]);
  assert.deepEqual(seen, [
    "task.submitted",
    "plan.decomposed",
    "plan.routed",
    "plan.validated",
    "run.finished",
  ]);
});

test("watching a run that is over tells it and ends", async () => {
  const id = "d0ne".padEnd(32, "0");
  const counts = { completed: 1, failed: 0, skipped: 0 };
  await appendAll([
    submitted(id, { goal: "Do it" }),
    ...plannedByRule(id),
    ended(id, "completed", { counts }),
  ]);
  const watched = await genesis(["show", id, "--watch", "--nats", cell.server.url]);
  assert.deepEqual([watched.status, watched.stderr], [0, ""]);
  const lines = watched.stdout.trimEnd().split("\n");
  assert.equal(lines.length, 5);
  assert.match(lines[0]!, /^\d\d:\d\d:\d\d\.\d{3}  task\.submitted   Do it$/);
  assert.match(lines[4]!, /  run\.finished     completed: 1 completed, 0 failed, 0 skipped$/);
});

test("watching goes on when the broker was killed and started again", async (t) => {
  const id = "aga1n".padEnd(32, "0");
  await appendAll([submitted(id)]);
  const watching = startGenesis(["show", id, "--watch", "--json", "--nats", cell.server.url]);
  t.after(() => watching.kill("SIGKILL"));
  const over = once(watching, "exit");
  const seen: string[] = [];
  createInterface(watching.stdout).on("line", (line) => seen.push(JSON.parse(line).type));
  await eventually(() => seen.length === 1);
  await cell.server.kill();
  await cell.server.restart();
  await appendAll([ended(id, "failed")]);
  assert.deepEqual(await over, [0, null]);
  assert.deepEqual(seen, ["task.submitted", "run.finished"]);
});

test("on a terminal the run is a tree that is drawn anew, and stays when it is over", async (t) => {
  if (!hasProgram("script")) return notRun(t, "`script`, which makes a terminal, is not installed");
  const id = "7ree".padEnd(32, "0");
  await appendAll([submitted(id)]);
  const command = [
    "stty rows 40 columns 120;",
    process.execPath,
    join(PROJECT_ROOT, "cli", "genesis.js"),
    "show",
    id,
    "--watch",
    "--nats",
    cell.server.url,
  ];
  const terminal = spawn("script", ["-qec", command.join(" "), "/dev/null"], {
    env: childEnvironment({ TERM: "xterm", NO_COLOR: "" }),
  });
  t.after(() => terminal.kill("SIGKILL"));
  let written = "";
  terminal.stdout.setEncoding("utf8").on("data", (text: string) => (written += text));
  await eventually(() => written.includes("planning"));
  await appendAll(plannedByRule(id));
  await eventually(() => written.includes("worker"));
  await appendAll([ended(id, "cancelled")]);
  assert.deepEqual(await once(terminal, "exit"), [0, null]);
  // oxlint-disable-next-line no-control-regex -- a terminal is told to go up some lines
  assert.match(written, /\u001b\[\d+A/, "drawn over what was there");
  const plain = stripVTControlCharacters(written);
  assert.match(plain.slice(plain.lastIndexOf("goal")), /cancelled[\s\S]* a [^\n]*worker[\s\S]*\n/);
});
