import type { DestinationStream } from "pino";
import { stripVTControlCharacters, styleText } from "node:util";
import { loggedErrorText, type LoggedError } from "./logged-error.ts";

const COLOURS = {
  trace: "gray",
  debug: "gray",
  info: "green",
  warn: "yellow",
  error: "red",
  fatal: "red",
} as const;

/** Rewrites JSON log lines for people: time, level, service, message, then the rest as `key=value`. */
export function prettyLines(out: DestinationStream): DestinationStream {
  return { write: (line) => out.write(`${pretty(JSON.parse(line) as Record<string, unknown>)}\n`) };
}

function pretty({ time, level, service, msg, ...rest }: Record<string, unknown>): string {
  const colour = COLOURS[level as keyof typeof COLOURS];
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${fieldText(key, value)}`);
  return [
    styleText("dim", String(time).slice(11, 23)),
    styleText(colour, String(level).toUpperCase().padEnd(5)),
    String(service).padEnd(9),
    textOf(msg),
    styleText("dim", fields.join(" ")),
  ].join(" ");
}

function fieldText(key: string, value: unknown): string {
  return textOf(key === "err" ? loggedErrorText(value as LoggedError) : value);
}

/** A value from outside could hold escape codes that move a terminal's cursor. */
function textOf(value: unknown): string {
  return stripVTControlCharacters(typeof value === "string" ? value : JSON.stringify(value));
}
