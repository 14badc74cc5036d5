import type { Command } from "commander";
import { join } from "node:path";
import { brokerOptions, withBus, type BrokerOptions } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { instanceDir } from "./instance-dir.ts";
import { loadRun } from "./load-run.ts";
import { jsonOption, outputFor } from "./output.ts";
import { traceLines } from "./render/trace.ts";
import { readSpans, type TraceOf } from "./trace/read-spans.ts";
import type { Span } from "./trace/span.ts";
import { viewOf } from "./run-view.ts";

/** `genesis trace RUN`: the spans that the services of the local mode have written down about a run. */
export function trace(command: Command): void {
  command.argument("<run>", "a run, or any unique beginning of its id");
  jsonOption(brokerOptions(command)).action(
    async (given: string, options: BrokerOptions & { json?: boolean }) => {
      const output = outputFor(options);
      const { run } = await withBus(options, (bus) => loadRun(bus, given));
      const view = viewOf(run, Date.now())!;
      const spans = await spansOf(join(instanceDir(options.dir), "traces"), {
        run: run.id,
        traceId: view.traceId,
      });
      if (output.json) output.document({ run: run.id, traceId: view.traceId ?? null, spans });
      else output.lines(traceLines(spans, output.paint));
    },
  );
}

async function spansOf(folder: string, traceOf: TraceOf): Promise<Span[]> {
  const spans = await readSpans(folder, traceOf).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(
      `no traces in ${folder} (${error.code ?? "unknown reason"}); name the instance's folder with --dir`,
    );
  });
  if (spans.length > 0) return spans;
  throw new CommandFailure(
    `no spans of run ${traceOf.run} in ${folder}; they are written a moment after the work, and only by the instance of that folder`,
  );
}
