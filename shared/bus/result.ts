import { encode, type EncodedEvent } from "../contract/envelope.ts";
import { GenesisError, asGenesisError, type ErrorShape } from "../contract/errors.ts";
import { EVENTS, type NewEvent, type StoredEvent } from "../contract/events.ts";
import { parseJson } from "../contract/json.ts";
import type { Usage } from "../contract/plan.ts";
import type { Subjects } from "../contract/subjects.ts";
import { validate } from "../contract/validate.ts";

/** What came of a step: the part of `step.completed` or `step.failed` that the agent decides. */
export type StepOutcome =
  | { completed: { output: unknown; usage?: Usage } }
  | { failed: { error: ErrorShape; usage?: Usage } };

/** What came of an attempt, as a fact and as the message that it is stored as. */
export type Result = { event: NewEvent; message: EncodedEvent };

type Dispatched = StoredEvent<"step.dispatched">;

/**
 * The fact about an attempt that an outcome makes, encoded once. An agent may return what JSON, the contract's limits or
 * the readers of the log do not take; then the attempt has failed for good, and its details say where.
 * @param startedAt when the attempt began (RFC 3339)
 */
export function resultOf(
  subjects: Subjects,
  dispatched: Dispatched,
  { outcome, startedAt }: { outcome: StepOutcome; startedAt: string },
): Result {
  try {
    const event =
      "completed" in outcome ? completed(dispatched, startedAt, outcome) : failed(dispatched, outcome);
    const message = messageOf(subjects, dispatched, event);
    parseJson(message.bytes);
    return { event, message };
  } catch (thrown) {
    return failure(subjects, dispatched, whyUnreadable(asGenesisError(thrown)));
  }
}

/** The fact that an attempt failed with an error of ours. */
export function failure(subjects: Subjects, dispatched: Dispatched, error: GenesisError): Result {
  const event = failed(dispatched, { failed: { error: error.toJSON() } });
  return { event, message: messageOf(subjects, dispatched, event) };
}

function messageOf(subjects: Subjects, { correlationId }: Dispatched, event: NewEvent): EncodedEvent {
  validate(EVENTS[event.type].data, event.data, "", "E_AGENT");
  return encode(subjects, event, correlationId, new Date().toISOString());
}

function completed(
  { run, step = "", attempt = 1, id, data }: Dispatched,
  startedAt: string,
  { completed: { output = null, usage } }: Extract<StepOutcome, { completed: object }>,
): NewEvent {
  const finishedAt = new Date().toISOString();
  return {
    type: "step.completed",
    run,
    step,
    tokens: [step],
    causationId: id,
    data: { agent: data.agent, attempt, output, startedAt, finishedAt, ...(usage && { usage }) },
  };
}

function failed(
  { run, step = "", attempt = 1, id, data }: Dispatched,
  { failed: { error, usage } }: Extract<StepOutcome, { failed: object }>,
): NewEvent {
  return {
    type: "step.failed",
    run,
    step,
    attempt,
    tokens: [step, attempt],
    causationId: id,
    data: { agent: data.agent, error, ...(usage && { usage }) },
  };
}

function whyUnreadable({ code, details }: GenesisError): GenesisError {
  // What JSON cannot hold, such as a circle, is thrown by the runtime and carries no code.
  if (code === "E_INTERNAL") return atOutput("E_AGENT", []);
  const isAboutJson = code === "E_JSON" || code === "E_ENCODING";
  return isAboutJson ? atOutput(code, details) : new GenesisError(code, details, { retryable: false });
}

function atOutput(code: "E_AGENT" | "E_JSON" | "E_ENCODING", details: GenesisError["details"]): GenesisError {
  return new GenesisError(code, [...details, { path: "output", rule: "writable as JSON" }], {
    retryable: false,
  });
}
