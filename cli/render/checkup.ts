import type { Finding } from "../finding.ts";
import type { Paint } from "./paint.ts";
import { inColumns } from "./table.ts";
import { shorten } from "./text.ts";

const SAYS_WIDTH = 200;

/** What was found, a line each, with what to do where there is something to do. */
export function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  const rows = findings.map(({ what, is, says, todo }) => [
    SIGNS[is](paint),
    what,
    `${shorten(says, SAYS_WIDTH)}${todo === undefined ? "" : paint.dim(` → ${todo}`)}`,
  ]);
  return inColumns(rows);
}

const SIGNS: Record<Finding["is"], (paint: Paint) => string> = {
  good: (paint) => paint.green("✔"),
  note: (paint) => paint.yellow("!"),
  bad: (paint) => paint.red("✖"),
};
