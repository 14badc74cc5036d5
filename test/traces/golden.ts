import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { childEnvironment } from "../../shared/config.ts";

const FOLDER = join(import.meta.dirname, "golden");
const CONTEXT = 2;

/**
 * Compares a text with the one that is kept under a name, and says line by line where they differ. With `GOLDEN=write` in the
 * environment it is written instead, for a person to read before it is committed.
 */
export function assertGolden(name: string, { about, text }: { about: string; text: string }): void {
  const file = join(FOLDER, `${name}.txt`);
  const actual = `# ${about}\n\n${text}`;
  if (childEnvironment({})["GOLDEN"] === "write") return writeFileSync(file, actual);
  const expected = existsSync(file) ? readFileSync(file, "utf8") : "";
  if (actual !== expected) assert.fail(`${name} has another shape:\n${difference(expected, actual)}`);
}

/** The names under which texts are kept. */
export function goldenNames(): string[] {
  return readdirSync(FOLDER).map((file) => basename(file, ".txt"));
}

/** The lines that differ, with some around them: `-` is kept and not there, `+` is there and not kept. */
export function difference(expected: string, actual: string): string {
  const marked = markedLines(expected.split("\n"), actual.split("\n"));
  const isNear = marked.map((_, i) =>
    marked.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some((line) => !line.startsWith(" ")),
  );
  return marked
    .flatMap((line, i) => {
      if (isNear[i]) return [line];
      return i === 0 || isNear[i - 1] ? ["  ⋮"] : [];
    })
    .join("\n");
}

/** Both texts as one: what they have in common in order (the longest such), and between it what only one of them has. */
function markedLines(expected: readonly string[], actual: readonly string[]): string[] {
  /** How many lines the rests from here on have in common. */
  const common = Array.from({ length: expected.length + 1 }, () => new Uint32Array(actual.length + 1));
  for (let i = expected.length - 1; i >= 0; i--)
    for (let j = actual.length - 1; j >= 0; j--)
      common[i]![j] =
        expected[i] === actual[j]
          ? common[i + 1]![j + 1]! + 1
          : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const lines: string[] = [];
  let [i, j] = [0, 0];
  while (i < expected.length || j < actual.length) {
    if (i < expected.length && j < actual.length && expected[i] === actual[j]) {
      lines.push(`  ${expected[i++]}`);
      j++;
    } else if (j === actual.length || (i < expected.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push(`- ${expected[i++]}`);
    } else lines.push(`+ ${actual[j++]}`);
  }
  return lines;
}
