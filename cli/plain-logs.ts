import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { followLines } from "./follow-lines.ts";
import type { Output } from "./output.ts";
import { shorten } from "./render/text.ts";

/** The logs of what runs beside the services: nats-server, the Collector and Prometheus write lines of their own kinds. */

const END = ".log";
/** What Node prints as a service dies is no log of something that runs. */
const ERRORS = ".stderr.log";
const WIDTH = 2000;

/** The programs that have such a log in a folder. @throws the file system's error when the folder cannot be read */
export async function plainLogs(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith(END) && !name.endsWith(ERRORS))
    .map((name) => name.slice(0, -END.length));
}

/** Shows the log of a program line by line as it stands there, and with `follow` what is written from now on. */
export async function showPlainLog(
  folder: string,
  { program, follow }: { program: string; follow: boolean },
  output: Output,
): Promise<void> {
  const write = (line: string): void => {
    if (output.json) output.document({ service: program, line });
    else output.lines([shorten(line, WIDTH)]);
  };
  const name = `${program}${END}`;
  const path = join(folder, name);
  const older = (await readdir(folder)).includes(`${name}.1`) ? [`${path}.1`] : [];
  const tail = follow ? await followLines(folder, [name], (changed) => changed === name) : undefined;
  for (const file of [...older, path]) {
    const end = tail?.from.get(file) ?? Infinity;
    if (end === 0) continue;
    const input = createReadStream(file, { end: end - 1 });
    for await (const line of createInterface({ input, crlfDelay: Infinity })) write(line);
  }
  if (tail) for await (const line of tail.lines) write(line);
}
