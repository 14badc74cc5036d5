import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../shared/config.ts";

/** A Markdown table. The formatter sees to the width of its columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map(tableRow).join("\n");
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** A text as code. */
export function code(text: string | number): string {
  return `\`${text}\``;
}

/** A number of bytes as people read it: `256 KiB`. */
export function size(bytes: number): string {
  const unit = UNITS.find(([, of]) => bytes % of === 0 && bytes > 0);
  return unit ? `${bytes / unit[1]} ${unit[0]}` : `${bytes} bytes`;
}

const UNITS = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
] as const;

/**
 * A page of the repository with its generated sections made anew; the rest of it is written by hand. A section stands between the
 * comments `generated: NAME` and `end: NAME`. @throws Error for a section that the page does not have, or that nobody makes
 */
export function pageWithSections(path: string, sections: Readonly<Record<string, () => string>>): string {
  const page = readFileSync(join(PROJECT_ROOT, path), "utf8");
  const marked = [...page.matchAll(SECTION)].map(([, name = ""]) => name);
  const made = Object.keys(sections);
  const odd = [
    ...marked.filter((name) => !made.includes(name)),
    ...made.filter((name) => !marked.includes(name)),
  ];
  if (odd.length > 0) throw new Error(`sections of ${path} and of the code differ: ${odd.join(", ")}`);
  return page.replaceAll(
    SECTION,
    (_, name: string) => `<!-- generated: ${name} -->\n\n${sections[name]!()}\n\n<!-- end: ${name} -->`,
  );
}

const SECTION = /<!-- generated: (\w+) -->.*?<!-- end: \1 -->/gs;
