import type { ErrorDetail } from "../contract/errors.ts";

/** An error as it stands in a log line, and what caused it. */
export type LoggedError = {
  type: string;
  code?: string | number | undefined;
  message?: string | undefined;
  /** Which place broke which rule: what an agent's author said of it. */
  details?: ErrorDetail[] | undefined;
  /** The frames of its stack, the one that threw it first. */
  at?: string[] | undefined;
  cause?: LoggedError | undefined;
};

const MAX_FRAMES = 8;
const MAX_CAUSES = 3;
const MAX_DETAILS = 5;
const MAX_DETAIL = 200;
const MAX_TEXT = 1000;

/** It names a variable of the programme and nothing else; the text of any other error may quote what a user wrote. */
const TELLING = new Set(["ReferenceError"]);

/** Only these have details that are places and rules, and never values. */
const DETAILED = new Set(["RetryableError", "TerminalError"]);

/** Below these a submission has names of the user's own: a place there is told no further. */
const USERS_PLACES = /\b(labels|input|context)\.[^\s:;)]+/g;

function withoutUsersNames(text: string): string {
  return text.replaceAll(USERS_PLACES, "$1.…");
}

/**
 * An error without what it may quote: type, code and where it was thrown, and its text only where that is ours.
 * @param withText whether any text is told, of which the first 1000 characters
 */
export function describeError(error: unknown, withText: boolean, depth = 0): LoggedError {
  if (!(error instanceof Error))
    return {
      type: typeof error,
      ...(withText && typeof error === "string" && { message: error.slice(0, MAX_TEXT) }),
    };
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return {
    type: error.name,
    ...((typeof code === "string" || typeof code === "number") && { code }),
    ...textOf(error, withText),
    ...detailsOf(error),
    at: framesOf(error),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describeError(cause, withText, depth + 1) }),
  };
}

function textOf(error: Error & { code?: unknown }, withText: boolean): { message?: string } {
  if (withText) return { message: error.message.slice(0, MAX_TEXT) };
  const isOurs = typeof error.code === "string" && error.code.startsWith("E_");
  return isOurs || TELLING.has(error.name) ? { message: withoutUsersNames(error.message) } : {};
}

function detailsOf(error: Error & { details?: unknown }): Pick<LoggedError, "details"> {
  if (!DETAILED.has(error.name) || !Array.isArray(error.details) || error.details.length === 0) return {};
  const given = error.details.slice(0, MAX_DETAILS) as Partial<Record<keyof ErrorDetail, unknown>>[];
  return { details: given.map(({ path, rule }) => ({ path: told(path), rule: told(rule) })) };
}

function told(text: unknown): string {
  return withoutUsersNames(String(text).slice(0, MAX_DETAIL));
}

/**
 * The frames of a stack, which stand behind the error's text. Text may hold lines that look like frames, so where it is
 * not the text that the stack begins with (somebody has changed one of them since), no frame is told.
 */
function framesOf({ stack, message }: { stack?: unknown; message: string }): string[] {
  if (typeof stack !== "string") return [];
  const [header = ""] = (message === "" ? /^[^\n:]*/ : /^[^\n:]*: /).exec(stack) ?? [];
  if (!stack.startsWith(message, header.length)) return [];
  const [rest, ...lines] = stack.slice(header.length + message.length).split("\n");
  if (rest !== "") return [];
  const end = lines.findIndex((line) => !isFrame(line));
  return lines.slice(0, Math.min(end === -1 ? lines.length : end, MAX_FRAMES)).map((line) => line.trim());
}

const isFrame = (line: string): boolean => /^\s+at /.test(line);

/** A logged error, its causes too, for a person: of each what it is and its author's own line. Neither cut nor made safe for a terminal. */
export function loggedErrorText({ type, message, details = [], at = [], cause }: LoggedError): string {
  const said = [message, ...details.map(({ path, rule }) => `${path}: ${rule}`)].filter(Boolean).join("; ");
  const place = placeOf(at);
  const own = `${said === "" ? type : `${type}: ${said}`}${place === undefined ? "" : ` (${place})`}`;
  return cause === undefined ? own : `${own}, caused by ${loggedErrorText(cause)}`;
}

/** Where to look first: what Node or a package did on the way is seldom the answer. */
function placeOf(at: readonly string[]): string | undefined {
  return at.find((frame) => !/node:|node_modules/.test(frame)) ?? at[0];
}
