import type { Command } from "commander";
import { dirOption } from "../local/dir-option.ts";
import { findInstance } from "../local/state.ts";
import { CommandFailure } from "./failure.ts";
import { jsonOption, outputFor } from "./output.ts";
import { readMetrics } from "./read-metrics.ts";
import { metricLines, metricsNotes } from "./render/metrics.ts";
import { GENESIS } from "../shared/contract/command.ts";

type MetricsOptions = { dir?: string; json?: boolean; all?: boolean };

/** `genesis metrics [SERVICE]`: what the services of the running instance have counted and measured since they started. */
export function metrics(command: Command): void {
  command
    .argument("[service]", "one service; else all of them")
    .option("--all", "show those at 0 as well, as JSON does anyway")
    .option("--dir <dir>", "folder of the instance (default: the nearest .genesis from here up)");
  jsonOption(command, "print JSON, the names of the first Genesis included").action(
    async (service: string | undefined, options: MetricsOptions) => {
      const output = outputFor(options);
      const answers = await Promise.all(servicesMeant(service, options.dir).map(readMetrics));
      const heard = answers.flatMap((answer) => ("metrics" in answer ? [answer] : []));
      if (output.json) output.document(heard);
      else {
        const shown = heard.map((one) => ({ ...one, all: options.all === true }));
        for (const one of shown) output.lines([...metricLines(one, output.paint), ""]);
        if (shown.length > 0) output.lines(metricsNotes(shown).map((note) => output.paint.dim(note)));
      }
      const failed = answers.flatMap((answer) => ("failed" in answer ? [answer] : []));
      if (failed.length === 0) return;
      const reasons = failed.map(({ service: name, http, failed: why }) => `${name} at ${http} ${why}`);
      throw new CommandFailure(`${reasons.join(", ")}; ${GENESIS} doctor says what is running`);
    },
  );
}

function servicesMeant(name: string | undefined, dir: string | undefined) {
  const instance = findInstance(dir);
  if (instance === undefined)
    throw new CommandFailure(`nothing is running; start it with ${GENESIS} up${dirOption(dir)}`);
  const { services } = instance.state;
  const meant = services.filter((service) => name === undefined || service.name === name);
  if (meant.length > 0) return meant;
  const { observe } = instance.state;
  if (observe !== undefined && (name === "otelcol" || name === "prometheus"))
    throw new CommandFailure(`the metrics of ${name} itself are asked for at ${observe.prometheus}`);
  throw new CommandFailure(
    `no service "${name}" is running; there are ${services.map((service) => service.name).join(", ")}`,
  );
}
