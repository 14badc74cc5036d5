import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../shared/config.ts";

/** A command of a page in docs/incidents, and the lines of its output that the page shows. */
export type ShownCommand = { command: string; lines: string[] };

/** The incidents that there are: how many runs each makes, which of them its page may come to, and how long they take at most. */
export const INCIDENTS = {
  "slow-agent": { runs: 8, guilty: [0, 1, 2, 3, 4, 5, 6, 7], lastsMs: 60_000 },
  "bad-routing-rule": { runs: 2, guilty: [0, 1], lastsMs: 60_000 },
  // Three deaths, and the broker waits 30 s after each.
  "poison-message": { runs: 2, guilty: [1], lastsMs: 180_000 },
};

const LEFT_OUT = "…";

/** The heading of what can be typed where a Collector and Prometheus run. */
const OBSERVED = "\n## With --observe\n";

/** What a page has people type after they have started its incident, in its order: to anybody, and to Prometheus. */
export function shownCommands(incident: string): { always: ShownCommand[]; observed: ShownCommand[] } {
  const page = readFileSync(join(PROJECT_ROOT, "docs", "incidents", `${incident}.md`), "utf8");
  const [always = "", observed = ""] = page.split(OBSERVED);
  return { always: commandsOf(always), observed: commandsOf(observed) };
}

function commandsOf(text: string): ShownCommand[] {
  const blocks = text.matchAll(/```sh\n([^`]+)\n```\n\n```text\n([^`]+)\n```/g);
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
