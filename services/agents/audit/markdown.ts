/** Text from a repository must not become markup, and must not reorder the text around it. */
const MARKUP = /[\\`*_{}[\]<>|#!~]/g;
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g;

/** A text that Markdown shows as it is, on one line. */
export function inert(text: string): string {
  return text
    .replaceAll(CONTROLS, " ")
    .replaceAll(MARKUP, String.raw`\$&`)
    .trim();
}

/** A table; numbers are written with separators and aligned to the right. Cells must be inert already. */
export function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const rule = heads.map((_, i) => (rows.length > 0 && typeof rows[0]![i] === "number" ? "---:" : "---"));
  const body = rows.map((row) =>
    tableLine(row.map((cell) => (typeof cell === "number" ? digits(cell) : cell))),
  );
  return [tableLine(heads), tableLine(rule), ...body].join("\n");
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** A whole number with separators, as in 12,345. */
export function digits(value: number): string {
  return value.toLocaleString("en-US");
}

/** A size as a person reads it: `512 B`, `1.4 MiB`, `100 KiB`. */
export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1).replace(/\.0$/, "")} ${units[unit]}`;
}

/** A count and its noun: `1 file`, `2 files`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${digits(n)} ${n === 1 ? one : many}`;
}
