/**
 * The one table of error codes. A message is fixed per code and never repeats the caller's data, so an error can
 * be logged, published and shown without a second thought; what was wrong stands in `details` as paths and rules.
 */
export const ERRORS = {
  E_JSON: {
    message: "The payload is not JSON, or nests deeper than 32 levels, or has a forbidden key.",
    retryable: false,
  },
  E_ENCODING: {
    message: "The payload is not clean UTF-8 (byte order mark, NUL or invalid bytes).",
    retryable: false,
  },
  E_SCHEMA: { message: "The payload does not have the fields that its schema asks for.", retryable: false },
  E_VERSION: { message: "The envelope's version is newer than this service understands.", retryable: false },
  E_HEADER: { message: "A header is missing, doubled, too large or not allowed here.", retryable: false },
  E_ID: { message: "An identifier must match [A-Za-z0-9_-]{1,64}.", retryable: false },
  E_TOO_LARGE: { message: "The message is larger than the contract allows.", retryable: false },
  E_CONFLICT: { message: "The idempotency key was used before with another payload.", retryable: false },
  E_DAG_CYCLE: { message: "Steps depend on each other in a circle.", retryable: false },
  E_DAG_REF: { message: "A step refers to a step that is not in the plan.", retryable: false },
  E_DAG_DUP: { message: "Two steps have the same id.", retryable: false },
  E_DAG_LIMIT: { message: "The plan is larger or deeper than the task's policy allows.", retryable: false },
  E_NO_AGENT: { message: "No agent can take a step.", retryable: false },
  E_VALIDATION: { message: "The plan did not pass validation.", retryable: false },
  E_AGENT: { message: "The agent could not do the step.", retryable: true },
  E_TIMEOUT: { message: "It was not done in time.", retryable: true },
  E_BUDGET: { message: "The run's budget is used up.", retryable: false },
  E_POISON: {
    message: "The message was given up after it ended several attempts without a result.",
    retryable: false,
  },
  E_STALE: {
    message: "The request is based on a plan revision that is no longer in force.",
    retryable: false,
  },
  E_INPUT: { message: "The step's input is not what its agent asks for.", retryable: false },
  E_OVERLOAD: {
    message: "No new task is admitted now: the log is nearly full, or too many are asked for at once.",
    retryable: true,
  },
  E_STORAGE: { message: "The broker could not store the message.", retryable: true },
  E_FORBIDDEN: { message: "The request reaches outside what is allowed.", retryable: false },
  E_INTERNAL: { message: "An unexpected error in the service.", retryable: true },
} as const satisfies Record<string, { message: string; retryable: boolean }>;

export type ErrorCode = keyof typeof ERRORS;

/** Where the data broke which rule, e.g. `{ path: "policy.maxSteps", rule: "at most 500" }`. Never the value. */
export type ErrorDetail = { path: string; rule: string };

/** The shape in which every error crosses the bus. */
export type ErrorShape = { code: ErrorCode; message: string; retryable: boolean; details: ErrorDetail[] };

/** At most this many details travel with an error, and of each text this many characters. */
const MAX_DETAILS = 5;
const MAX_TEXT = 200;

/**
 * An error as it may stand in another fact than the one that told of it: the first details only, its texts cut, and
 * no fields that the contract does not know. Whoever writes it down knows that it takes less than 16 KiB.
 */
export function bounded({ code, message, retryable, details }: ErrorShape): ErrorShape {
  return { code, message: cut(message), retryable, details: firstOf(details) };
}

function firstOf(details: readonly ErrorDetail[]): ErrorDetail[] {
  return details.slice(0, MAX_DETAILS).map(({ path, rule }) => ({ path: cut(path), rule: cut(rule) }));
}

/** Half of a character would make the fact that it stands in unreadable. */
function cut(text: string): string {
  return text.slice(0, MAX_TEXT).toWellFormed();
}

/** An error of the contract: a code from the table, with the places and rules that were broken. */
export class GenesisError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetail[];
  readonly retryable: boolean;

  constructor(
    code: ErrorCode,
    details: ErrorDetail[] = [],
    options: { retryable?: boolean; cause?: unknown } = {},
  ) {
    const first = firstOf(details);
    const where = first.map((d) => (d.path === "" ? d.rule : `${d.path}: ${d.rule}`)).join("; ");
    super(`${code} ${ERRORS[code].message}${where ? ` (${where})` : ""}`, { cause: options.cause });
    this.name = "GenesisError";
    this.code = code;
    this.details = first;
    this.retryable = options.retryable ?? ERRORS[code].retryable;
  }

  /** The shape of the contract: code, its fixed message, whether a retry makes sense, and the details. */
  toJSON(): ErrorShape {
    return {
      code: this.code,
      message: ERRORS[this.code].message,
      retryable: this.retryable,
      details: this.details,
    };
  }
}

/** Any thrown value as an error of the contract; what is not one already becomes `E_INTERNAL`, its text kept as the cause. */
export function asGenesisError(error: unknown): GenesisError {
  return error instanceof GenesisError ? error : new GenesisError("E_INTERNAL", [], { cause: error });
}
