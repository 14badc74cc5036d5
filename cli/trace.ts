import type { Command } from "commander";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readState } from "../local/state.ts";
import { brokerOptions, withBus, type BrokerOptions } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { instanceDir } from "./instance-dir.ts";
import { loadRun } from "./load-run.ts";
import { jsonOption, outputFor } from "./output.ts";
import { counted } from "./render/text.ts";
import { traceLines } from "./render/trace.ts";
import { viewOf } from "./run-view.ts";
import { pageData } from "./trace/page-data.ts";
import { pageRun, pageSteps } from "./trace/page-run.ts";
import { htmlPage, pageAssets } from "./trace/page.ts";
import { readLogs } from "./trace/read-logs.ts";
import { readSpans, runsNamedIn, type TraceOf } from "./trace/read-spans.ts";
import type { Span } from "./trace/span.ts";
import type { RunsOfTrace } from "./traced-runs.ts";
import type { Run } from "../shared/domain/run.ts";
import { isSampled } from "../shared/telemetry/trace-context.ts";

type TraceOptions = BrokerOptions & { html?: string; json?: boolean };

/** `genesis trace RUN`: the spans that the services of the local mode have written down about a run. */
export function trace(command: Command): void {
  command
    .argument("<run>", "a run, any unique beginning of its id, or one of its traces")
    .option(
      "--html <file>",
      "write one page that shows it in a browser, with the decisions and the log lines",
    );
  jsonOption(brokerOptions(command)).action(async (given: string, options: TraceOptions) => {
    const output = outputFor(options);
    const inFiles: RunsOfTrace = async (id) => {
      try {
        return await runsNamedIn(join(instanceDir(options.dir), "traces"), id);
      } catch {
        // Of a folder without traces, or none, is told further down.
        return new Set();
      }
    };
    const { run } = await withBus(options, (bus) => loadRun(bus, given, inFiles));
    const traceId = viewOf(run, Date.now())?.traceId;
    const dir = instanceDir(options.dir);
    const spans = await spansOf(join(dir, "traces"), { run: run.id, traceId }, isSampled(run.task ?? {}));
    if (options.html !== undefined) {
      await writePage(options.html, await pageOf(run, spans, join(dir, "logs")));
      if (output.json) output.document({ run: run.id, traceId: traceId ?? null, html: options.html });
      else
        output.lines([`wrote ${options.html} with ${counted(spans.length, "span")}; open it in a browser`]);
    } else if (output.json) output.document({ run: run.id, traceId: traceId ?? null, spans });
    else output.lines(traceLines(spans, output.paint));
  });
}

async function spansOf(folder: string, traceOf: TraceOf, mayHaveSpans: boolean): Promise<Span[]> {
  const spans = await readSpans(folder, traceOf).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(
      `no traces in ${folder} (${error.code ?? "unknown reason"}); name the instance's folder with --dir`,
    );
  });
  if (spans.length > 0) return spans;
  if (!mayHaveSpans) throw new CommandFailure(`run ${traceOf.run} has no spans: ${whyNone(dirname(folder))}`);
  throw new CommandFailure(
    `no spans of run ${traceOf.run} in ${folder}; they are written a moment after the work, and only by the instance of that folder`,
  );
}

/** Why a run has no spans whose first event says that it is not recorded. @param dir folder of the instance */
function whyNone(dir: string): string {
  if (readState(dir)?.settings?.sdkDisabled)
    return "the instance makes none, it was started with OTEL_SDK_DISABLED=true";
  return "it was not sampled when it began, as OTEL_TRACES_SAMPLER of the gateway decides, or spans were switched off then (OTEL_SDK_DISABLED)";
}

async function pageOf(run: Run, spans: readonly Span[], logFolder: string): Promise<string> {
  const traces = [...new Set(spans.map(({ traceId }) => traceId))];
  const [logs, assets] = await Promise.all([readLogs(logFolder, { run: run.id, traces }), pageAssets()]);
  const view = viewOf(run, Date.now())!;
  return htmlPage(pageData({ run: pageRun(view, traces), steps: pageSteps(run, view), spans, logs }), assets);
}

async function writePage(file: string, page: string): Promise<void> {
  await writeFile(file, page).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(`could not write ${file} (${error.code ?? "unknown reason"})`);
  });
}
