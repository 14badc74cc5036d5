import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../shared/config.ts";

/** What each query of the page on logs must find in the files of the test, by some words of what stands before it. */
const FINDS: readonly [string, RegExp][] = [
  [
    "life of one run",
    /gateway\tinfo\tappended\tgenesis\.v1\.task\.submitted[^]*step_failed[^]*run\.finished\tfailed\n/,
  ],
  ["one request led to", /"event":"appended"/],
  ["a span has to say", /"event":"step_failed"/],
  ["How runs ended", /\d+ completed[^]*\d+ failed/],
  ["did not complete", /\tfailed\t[0-9a-f]{32}/],
  ["worse than usual", /\d+ gateway\twarn\tdead_letter\tE_/],
  ["Attempts that failed", /"code":"E_AGENT",.*"at":"at .*keeper-agent/],
  ["left a span", /"trace_id":"[0-9a-f]{32}"/],
  ["given up", /gateway\tE_[A-Z]+\tgenesis\.tasks\tGENESIS_INBOX\t\d+/],
  ["took to start", /halo\t\d+/],
  ["by revision", /[0-9a-f]{32}\t0/],
];

const PAGE = readFileSync(join(PROJECT_ROOT, "docs/logs.md"), "utf8");

/** The queries of the page, in its order: what stands before each, the command, and what it must find. */
export const LOG_QUERIES = [...PAGE.matchAll(/([^\n]+):\n\n```sh\n([^]*?)```/g)].map(
  ([, about = "", command = ""]) => ({
    about,
    command,
    finds: FINDS.find(([words]) => about.includes(words))?.[1],
  }),
);
