import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../shared/config.ts";

/** A command of a page in docs/incidents, and the lines of its output that the page shows. */
export type ShownCommand = { command: string; lines: string[] };

const LEFT_OUT = "…";

/** What a page has people type after they have started its incident, in its order. */
export function shownCommands(incident: string): ShownCommand[] {
  const page = readFileSync(join(PROJECT_ROOT, "docs", "incidents", `${incident}.md`), "utf8");
  const blocks = page.matchAll(/```sh\n([^`]+)\n```\n\n```text\n([^`]+)\n```/g);
  return [...blocks].map(([, command = "", output = ""]) => ({
    command,
    lines: output.split("\n").filter((line) => line.trim() !== LEFT_OUT),
  }));
}

/**
 * A line without what differs from run to run: ids, times, numbers, the width of columns, the folder of the clone, the path through a
 * tree of messages, and behind the largest share of a run's time the others.
 */
export function withoutWhatDiffers(line: string): string {
  return line
    .replaceAll(/file:\/\/\S*?\/(examples|shared)\//g, "file://…/$1/")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z|\d\d:\d\d:\d\d\.\d+/g, "TIME")
    .replaceAll(/\d+\.\d+/g, "0")
    .replaceAll(/\b[0-9a-f]{8}[0-9a-f]*(…|\b)/g, "ID")
    .replaceAll(/~?\d+(?:\.\d+)?(?: (?:min \d+ s|min|ms|s)\b)?/g, "#")
    .replace(/^[│├└─◆●○ ]+/, "")
    .replace(/^(the time went into [a-z ]+ # %).*/, "$1")
    .replaceAll(/[ ─]+/g, " ")
    .trim();
}
