import type { Command } from "commander";
import type { Bus } from "../shared/bus/connect.ts";
import { foldRun } from "../shared/domain/run.ts";
import { brokerOptions, withBus, type BrokerOptions } from "./connection.ts";
import { newest } from "./newest.ts";
import { countOption } from "./option.ts";
import { jsonOption, outputFor } from "./output.ts";
import { runTable, type RunSummary } from "./render/runs.ts";
import { madeTexts } from "./render/summary.ts";
import { viewOf } from "./run-view.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** `genesis runs`: the newest runs, with how they stand. */
export function runs(command: Command): void {
  command.addOption(countOption("--limit <n>", "how many", 20));
  jsonOption(brokerOptions(command)).action(
    async (options: BrokerOptions & { limit: number; json?: boolean }) => {
      const output = outputFor(options);
      const found = await withBus(options, (bus) => newestRuns(bus, options.limit));
      if (output.json) output.document(found);
      else if (found.length === 0) output.lines([`no runs yet; ${GENESIS} submit --goal TEXT makes one`]);
      else output.lines(runTable(found, Date.now(), output.paint));
    },
  );
}

/** Histories are read in turns of this many: enough to fill the wire, few enough to hold. */
const AT_ONCE = 16;
const PAGE = 256;

async function newestRuns(bus: Bus, limit: number): Promise<RunSummary[]> {
  const { lastSeq } = await bus.log.info();
  const read = async (fromSeq: number) => {
    const { events, nextSeq } = await bus.log.scan("task.submitted", { fromSeq, max: PAGE });
    return { items: events, nextSeq };
  };
  const tasks = await newest(read, { lastSeq, limit });
  const summaries: RunSummary[] = [];
  for (let i = 0; i < tasks.length; i += AT_ONCE) {
    const some = tasks.slice(i, i + AT_ONCE);
    summaries.push(
      ...(await Promise.all(some.map((task) => summaryOf(bus, task.run)))).flatMap((s) => s ?? []),
    );
  }
  return summaries;
}

async function summaryOf(bus: Bus, run: string): Promise<RunSummary | undefined> {
  const view = viewOf(foldRun(await bus.log.history(run)), Date.now());
  if (view === undefined) return undefined;
  const { state, outcome, goal, taskType, priority, submittedAt, finishedAt, durationMs, steps } = view;
  const primitive = steps.filter((step) => step.kind === "primitive");
  const completed = primitive.filter(({ state: is }) => is === "completed");
  return {
    run,
    state,
    ...(outcome && { outcome }),
    goal,
    ...(taskType !== undefined && { taskType }),
    priority,
    submittedAt,
    ...(finishedAt !== undefined && { finishedAt }),
    durationMs,
    steps: { done: completed.length, all: primitive.length, made: madeTexts(completed) },
  };
}
