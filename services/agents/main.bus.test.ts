import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadCatalog } from "../../shared/catalog/load.ts";
import { childEnvironment } from "../../shared/config.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { eventually } from "../../test/support/eventually.ts";
import { dispatched, submitted } from "../../test/support/facts.ts";
import { startCell, type TestCell } from "../../test/support/nats.ts";
import { makeTree } from "../../test/support/tree.ts";

// Two instances of the agents on a real broker; the test stands for execution.
const MAIN = join(import.meta.dirname, "main.ts");
let cell: TestCell;
const started: ChildProcess[] = [];

before(async () => {
  cell = await startCell([...loadCatalog(["business", "audit"]).agents]);
});
after(async () => {
  for (const child of started) child.kill("SIGKILL");
  await cell.stop();
});

function start(settings: Record<string, string>): ChildProcess {
  const env = childEnvironment({ NATS_URL: cell.server.url, GENESIS_HTTP_PORT: "0", ...settings });
  const child = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  started.push(child);
  return child;
}

/** Starts two instances that look at a folder, and stops those of the test before. */
async function startAgents(root: string): Promise<void> {
  for (const child of started.splice(0)) {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  const settings = { GENESIS_AUDIT_ROOT: root, GENESIS_RESULTS_DIR: join(root, "results") };
  await Promise.all([start(settings), start(settings)].map((child) => once(child, "message")));
}

type Asked = {
  agent: string;
  taskType: string;
  input?: Record<string, unknown>;
  results?: Record<string, unknown>;
};

/** Has an agent do a step, and gives what was written about it. */
async function ask(run: string, { agent, taskType, ...data }: Asked): Promise<StoredEvent> {
  const step = taskType;
  const event: NewEvent = dispatched(run, step, { agent, taskType, title: `Title of ${taskType}`, ...data });
  await cell.bus.log.append({ event, expect: "attempt" }, { correlationId: "agents-test" });
  const { subjects, log } = cell.bus;
  const ends = [subjects.fact("step.completed", run, step), subjects.fact("step.failed", run, step, 1)];
  const [fact] = await eventually(async () => {
    const facts = await log.readLast(ends);
    return facts.length > 0 && facts;
  });
  assert.ok(fact?.event);
  return fact.event;
}

async function outputOf(run: string, asked: Asked): Promise<unknown> {
  const event = await ask(run, asked);
  assert.ok(event.type === "step.completed", JSON.stringify(event.data));
  return event.data.output;
}

test("audits a folder: listed once, looked at side by side, joined in one report that is left on disk", async (t) => {
  const root = await makeTree(t, {
    "src/main.ts": "export {};\n",
    "src/ünï code.py": "print(1)\nprint(2)\n",
    "package-lock.json": JSON.stringify({
      lockfileVersion: 3,
      packages: { "node_modules/a": { version: "1.0.0", license: "MIT" } },
    }),
  });
  await startAgents(root);
  await cell.bus.log.append(
    { event: submitted("audit"), expect: "subject" },
    { correlationId: "c", root: { caller: undefined } },
  );
  const input = { root: "." };
  const list = await outputOf("audit", { agent: "file_lister", taskType: "list_files", input });
  const results = { "audit-list_files": list };
  const parts = await Promise.all(
    [
      { agent: "line_counter", taskType: "count_lines" },
      { agent: "todo_finder", taskType: "find_todos" },
      { agent: "large_file_finder", taskType: "find_large_files" },
      { agent: "licence_reader", taskType: "read_licences" },
      { agent: "git_historian", taskType: "git_activity" },
    ].map((who) => outputOf("audit", { ...who, input, results })),
  );
  const all = { ...results, ...Object.fromEntries(parts.map((part, i) => [`part-${i}`, part])) };
  const report = await outputOf("audit", {
    agent: "report_writer",
    taskType: "audit_report",
    input,
    results: all,
  });
  const { path, summary, markdown } = report as { path: string; summary: string; markdown: string };
  assert.equal(path, join(root, "results", "audit", "audit-report.md"));
  assert.equal(await readFile(path, "utf8"), markdown);
  assert.equal(
    summary,
    "3 files; 4 lines in 3 languages; 0 TODOs and other marks; 0 files over 100 KiB; 1 locked package under 1 licence; no git history",
  );
});

test("what lies outside of the root is E_FORBIDDEN, whatever way is tried", async (t) => {
  const root = await makeTree(t, { "in.txt": "in" });
  await symlink("/etc", join(root, "link"));
  await startAgents(root);
  for (const [i, asked] of ["/etc", "..", "link"].entries()) {
    const event = await ask(`out-${i}`, {
      agent: "file_lister",
      taskType: "list_files",
      input: { root: asked },
    });
    assert.ok(event.type === "step.failed");
    assert.deepEqual([event.data.error.code, event.data.error.retryable], ["E_FORBIDDEN", false]);
  }
});

test("without a model the business agents say that they are simulated", async (t) => {
  await startAgents(await makeTree(t, {}));
  const asked = { agent: "spec_agent", taskType: "design", results: { requirements: { text: "…" } } };
  const output = (await outputOf("business", asked)) as { text: string; simulated: boolean };
  assert.equal(output.simulated, true);
  assert.match(
    output.text,
    /^Design: Title of design\n[^]*Builds on requirements\.\nSimulated: no model was asked\.$/,
  );
});

test("a model without a name is a wrong setting: exit 78, one line", async () => {
  const child = start({ GENESIS_MODEL_URL: "http://127.0.0.1:1/v1" });
  const [lines, [code]] = await Promise.all([child.stderr!.toArray(), once(child, "exit")]);
  assert.equal(code, 78);
  assert.equal(
    Buffer.concat(lines as Buffer[]).toString(),
    "genesis agents: GENESIS_MODEL_NAME must be set where GENESIS_MODEL_URL is\n",
  );
});
