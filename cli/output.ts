import type { Command } from "commander";
import { COLOURED, PLAIN, type Paint } from "./render/paint.ts";
import { jsonText } from "./render/text.ts";

/** Where a command's answer goes: standard output and nothing else, as text for a person or as JSON. */
export type Output = {
  json: boolean;
  /** How text is coloured: only on a terminal that can, and not with `NO_COLOR`. */
  paint: Paint;
  /** Whether what was written can be written over: a terminal that shows the output as text. */
  isLive: boolean;
  lines: (lines: readonly string[]) => void;
  /** One JSON document, or with several calls JSON lines. */
  document: (value: unknown) => void;
};

/** The output of a command. @param options what commander parsed, with `json` of `jsonOption` */
export function outputFor(options: { json?: boolean }): Output {
  const { stdout } = process;
  const json = options.json === true;
  // `hasColors` looks at NO_COLOR, TERM and the terminal itself; it exists on terminals only.
  const hasColours = stdout.isTTY === true && stdout.hasColors();
  return {
    json,
    paint: hasColours ? COLOURED : PLAIN,
    // A terminal that does not say how high it is (`docker run -t` without a size) cannot be drawn over.
    isLive: stdout.isTTY === true && stdout.rows > 0 && !json,
    lines: (lines) => lines.forEach((line) => stdout.write(`${line}\n`)),
    document: (value) => stdout.write(`${jsonText(value)}\n`),
  };
}

/** Gives a command the option that every command has. */
export function jsonOption(command: Command, means = "print JSON"): Command {
  return command.option("--json", means);
}
