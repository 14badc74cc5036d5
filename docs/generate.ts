import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT, SETTINGS } from "../shared/config.ts";

/**
 * The documents that are made from code: run this file and they are written, `test/docs.test.ts` says when they are stale.
 * By their paths in the repository.
 */
export const GENERATED: Readonly<Record<string, () => string>> = {
  "docs/settings.md": settingsPage,
};

function settingsPage(): string {
  const rows = Object.values(SETTINGS).map((setting) => [
    `\`${setting.variable}\``,
    setting.default === undefined ? "not set" : `\`${setting.default}\``,
    setting.readBy,
    `${setting.means}${"secret" in setting ? " (a secret: it is never shown)" : ""}`,
  ]);
  return `# Settings

Every setting is an environment variable. A service reads them once, as it starts; a value that does not fit, or a \`GENESIS_…\`
variable that is not in this table, ends it with exit code 78 and one line that names the variable. An empty variable counts
as not set.

${table(["Variable", "Default", "Read by", "Meaning"], rows)}

Besides, the OpenTelemetry libraries read their own: \`OTEL_TRACES_SAMPLER\` and \`OTEL_TRACES_SAMPLER_ARG\`, and for the way to
an endpoint \`OTEL_EXPORTER_OTLP_HEADERS\`, \`OTEL_EXPORTER_OTLP_CERTIFICATE\` and \`OTEL_EXPORTER_OTLP_COMPRESSION\`.

This page is made from \`shared/config.ts\` by \`docs/generate.ts\`.
`;
}

/** A Markdown table with columns of even width, as the formatter wants it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const [first, ...rest] = cells.map(line);
  return [first, line(widths.map((width) => "-".repeat(width))), ...rest].join("\n");
}

if (import.meta.main) {
  for (const [path, make] of Object.entries(GENERATED)) writeFileSync(join(PROJECT_ROOT, path), make());
}
