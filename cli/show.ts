import type { Command } from "commander";
import { brokerOptions, withBus, type BrokerOptions } from "./connection.ts";
import { follow } from "./follow.ts";
import { watchRun } from "./live.ts";
import { loadRun, viewNow } from "./load-run.ts";
import { jsonOption, outputFor, type Output } from "./output.ts";
import { runLines } from "./render/run.ts";
import { resolveRun } from "./run-id.ts";
import { untakenSteps } from "./untaken.ts";
import type { Bus } from "../shared/bus/connect.ts";

/** `genesis show RUN`: a run as it stands, or with `--watch` until it ends. */
export function show(command: Command): void {
  command
    .argument("<run>", "a run or the trace of its submission, or any unique beginning of its id")
    .option("--watch", "follow it to its end");
  jsonOption(brokerOptions(command), "print JSON; with --watch, a line per fact").action(
    async (given: string, options: BrokerOptions & { watch?: boolean; json?: boolean }) => {
      const output = outputFor(options);
      await withBus(options, (bus) =>
        options.watch ? watch(bus, given, output) : showOnce(bus, given, output),
      );
    },
  );
}

async function showOnce(bus: Bus, given: string, output: Output): Promise<void> {
  const { run } = await loadRun(bus, given);
  const untaken = run.finished ? new Set<string>() : await untakenSteps(bus, run);
  const seen = viewNow(run);
  const steps = seen.steps.map((step) => (untaken.has(step.id) ? { ...step, untaken: true as const } : step));
  const view = { ...seen, steps };
  if (output.json) output.document(view);
  else output.lines(runLines(view, output.paint));
}

async function watch(bus: Bus, given: string, output: Output): Promise<void> {
  const run = await resolveRun(bus, given);
  await watchRun(run, follow(bus, run), output);
}
