import type { Command } from "commander";
import { basename, join } from "node:path";
import { CommandFailure, wrongUsage } from "./failure.ts";
import { followLines } from "./follow-lines.ts";
import { instanceDir } from "./instance-dir.ts";
import { isWanted, logFiles, mergedLines, parseLogLine, type LogFilter, type LogLine } from "./log-lines.ts";
import { jsonOption, outputFor, type Output } from "./output.ts";
import { plainLogs, showPlainLog } from "./plain-logs.ts";
import { logText } from "./render/log.ts";
import { shorten } from "./render/text.ts";
import { GENESIS } from "../shared/contract/command.ts";

type LogsOptions = { dir?: string; follow?: boolean; run?: string; json?: boolean };

/** `genesis logs [SERVICE]`: what the services of an instance have written, in the order of time; or a program beside them. */
export function logs(command: Command): void {
  command
    .argument("[service]", "one service, or nats-server, otelcol or prometheus; else all services")
    .option("-f, --follow", "go on with what is written from now on")
    .option("--run <run>", "only what belongs to runs whose id begins with this")
    .option("--dir <dir>", "folder of the instance (default: the nearest .genesis from here up)");
  jsonOption(command, "print JSON lines, as the services wrote them").action(
    async (service: string | undefined, options: LogsOptions) => {
      const folder = join(instanceDir(options.dir), "logs");
      const { older, current, programs } = await filesOf(folder, service);
      const output = outputFor(options);
      if (service !== undefined && programs.includes(service)) {
        if (options.run !== undefined) throw wrongUsage(`--run is for services; ${service} knows no runs`);
        return showPlainLog(folder, { program: service, follow: options.follow === true }, output);
      }
      const write = writer(output, { service, run: options.run });
      const names = current.map((path) => basename(path));
      const tail = options.follow ? await followLines(folder, names, isLog) : undefined;
      let shown = 0;
      for await (const line of mergedLines([...older, ...current], tail?.from)) if (write(line)) shown += 1;
      if (options.run !== undefined && tail === undefined && shown === 0)
        throw new CommandFailure(
          `no run begins with "${shorten(options.run, 64)}" in these logs; ${GENESIS} runs lists them`,
        );
      if (tail) for await (const text of tail.lines) write(parseLogLine(text));
    },
  );
}

const END = ".jsonl";
const isLog = (name: string): boolean => name.endsWith(END);

async function filesOf(folder: string, service: string | undefined) {
  const found = Promise.all([logFiles(folder), plainLogs(folder)]);
  const [files, programs] = await found.catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(
      `no logs in ${folder} (${error.code ?? "unknown reason"}); ${GENESIS} up writes some`,
    );
  });
  const services = files.current.map((path) => basename(path, END));
  const all = [...services.toSorted(), ...programs.toSorted()];
  if (service === undefined || all.includes(service)) return { ...files, programs };
  throw new CommandFailure(`no log of "${service}" in ${folder}; there are ${all.join(", ") || "none"}`);
}

/** Writes the lines that are wanted. @returns of each whether it was */
function writer(output: Output, filter: LogFilter): (line: LogLine | undefined) => boolean {
  return (line) => {
    if (line === undefined || !isWanted(line, filter)) return false;
    if (output.json) output.document(line.written);
    else output.lines([logText(line, output.paint)]);
    return true;
  };
}
