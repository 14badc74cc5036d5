import { GenesisError, type ErrorDetail } from "../contract/errors.ts";

/**
 * Both are `E_AGENT` on the bus. Their text goes nowhere by default, since it may quote a task; what the owner of the
 * run and the log may know stands in `details`, as a place and a rule.
 */
type Options = { details?: ErrorDetail[]; cause?: unknown };

/**
 * A handler throws this when the same step may well succeed later: the next attempt follows after the run's backoff.
 */
export class RetryableError extends Error {
  readonly details: ErrorDetail[];
  constructor(message: string, { details = [], cause }: Options = {}) {
    super(message, { cause });
    this.name = "RetryableError";
    this.details = details;
  }
}

/** A handler throws this when trying again cannot help: the step has failed for good. */
export class TerminalError extends Error {
  readonly details: ErrorDetail[];
  constructor(message: string, { details = [], cause }: Options = {}) {
    super(message, { cause });
    this.name = "TerminalError";
    this.details = details;
  }
}

/**
 * What a handler threw, as an error of the contract: one that already is stays what it is; everything else is
 * `E_AGENT`, and worth another attempt unless the handler said that it is not.
 */
export function asAgentError(thrown: unknown): GenesisError {
  if (thrown instanceof GenesisError) return thrown;
  const details = thrown instanceof RetryableError || thrown instanceof TerminalError ? thrown.details : [];
  return new GenesisError("E_AGENT", details, {
    retryable: !(thrown instanceof TerminalError),
    cause: thrown,
  });
}
