import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { quotationsOf } from "./page-blocks.ts";

const PAGE = readFileSync(join(PROJECT_ROOT, "docs/observability.md"), "utf8");

/** The headings of the guide's parts, and of what stands below one of them. */
export const partsOf = (level: "##" | "###", text = PAGE): string[] =>
  [...text.matchAll(new RegExp(`^${level} (.+)$`, "gm"))].map(([, heading = ""]) => heading);

/** One part of the guide, up to the next one. */
export function partOf(heading: string): string {
  const [, text = ""] = PAGE.split(`\n## ${heading}\n`);
  return text.split(/\n## /, 1)[0]!;
}

/** The commands that the guide says can be typed as they stand, a line each. */
export const COMMANDS = [...PAGE.matchAll(/<!-- run -->\n\n```sh\n([^]*?)```/g)].flatMap(([, block = ""]) =>
  block.trim().split("\n"),
);

/** What the guide quotes, and the file that it quotes from. */
export const QUOTATIONS = quotationsOf(PAGE);

/** The rows of the guide's table of metrics: name, unit and labels. */
export const METRIC_ROWS = [...partOf("Metrics").matchAll(/^\| `(\w+)`\s*\| (\S+)\s*\| ([^|]*?)\s*\|/gm)].map(
  ([, name = "", unit = "", labels = ""]) => ({
    name,
    unit,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label),
  }),
);
