import Table from "cli-table3";
import type { Paint } from "./paint.ts";

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
};

/** Cells in columns without lines around them; a column in which nothing stands takes no room. Cells hold one line each, coloured or not. */
export function inColumns(rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const isUsed = rows[0]!.map((_, column) => rows.some((row) => row[column] !== ""));
  const table = new Table({
    chars: NO_LINES,
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  table.push(...rows.map((row) => row.filter((_, column) => isUsed[column])));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
}

/** A table: the names of its columns, and its rows below them. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
): string[] {
  return inColumns([head.map((name) => paint.dim(name)), ...rows]);
}
