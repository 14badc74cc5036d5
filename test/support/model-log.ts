import type { Append, History } from "../../shared/contract/decider.ts";
import { decode, encode } from "../../shared/contract/envelope.ts";
import type { EventData, NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import { POLICY_DEFAULTS } from "../../shared/contract/events.ts";
import type { HeaderValues } from "../../shared/contract/headers.ts";
import { planHash } from "../../shared/contract/plan-hash.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { subjectsOf } from "../../shared/contract/subjects.ts";

export const RUN = "0123456789abcdef0123456789abcdef";
const subjects = subjectsOf("genesis");
const START_MS = Date.parse("2026-01-01T00:00:00Z");

export type Appended = { kind: "stored"; event: StoredEvent } | { kind: "superseded" } | { kind: "moved" };

/**
 * One run's part of the log in memory, with the expectations that the broker checks: what decisions are tested on,
 * event by event, without a broker. The clock is the broker's: it moves one second with every fact.
 */
export function modelLog() {
  const events: StoredEvent[] = [];
  const taken = (subject: string): boolean => events.some((event) => event.subject === subject);
  const lastSeq = (): number => events.at(-1)?.seq ?? 0;

  function append({ event, expect }: Append): Appended {
    const encoded = encode(subjects, event, "correlation", new Date(START_MS).toISOString());
    if (expect === "attempt") {
      const already = events.some(
        (e) => e.type === "step.dispatched" && e.step === event.step && e.attempt === event.attempt,
      );
      if (already) return { kind: "superseded" };
    } else if (taken(encoded.subject)) return { kind: "superseded" };
    else if (typeof expect === "object" && expect.runAt !== lastSeq()) return { kind: "moved" };
    return { kind: "stored", event: store(encoded) };
  }

  function store({ subject, bytes, headers }: ReturnType<typeof encode>): StoredEvent {
    const seq = lastSeq() + 1;
    const values: HeaderValues = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
    const event = decode(subjects, {
      subject,
      seq,
      storedAtMs: START_MS + seq * 1000,
      headers: values,
      bytes,
    });
    events.push(event);
    return event;
  }

  /** Appends a fact that some other service wrote. @throws when its subject is taken */
  function write(event: NewEvent): StoredEvent {
    const appended = append({ event, expect: event.type === "step.dispatched" ? "attempt" : "subject" });
    if (appended.kind !== "stored") throw new Error(`${event.type} stands already`);
    return appended.event;
  }

  const history = (): History => ({ run: RUN, events: [...events], unreadable: [], lastSeq: lastSeq() });
  return { events, append, write, history };
}

export type ModelLog = ReturnType<typeof modelLog>;

/** A primitive step with the defaults of a plan; give what matters. */
export function step(id: string, more: Partial<Step> = {}): Step {
  return {
    id,
    kind: "primitive",
    level: 0,
    taskType: "noop",
    title: id,
    dependsOn: [],
    timeoutMs: 60_000,
    maxAttempts: 1,
    onFailure: "fail",
    ...more,
  };
}

/** The first event of every run. */
export function submitted(data: Partial<EventData<"task.submitted">> = {}): NewEvent<"task.submitted"> {
  return {
    type: "task.submitted",
    run: RUN,
    tokens: ["once"],
    causationId: "",
    data: {
      goal: "a goal",
      requestHash: "0".repeat(64),
      priority: "normal",
      deadline: new Date(START_MS + 3_600_000).toISOString(),
      policy: { ...POLICY_DEFAULTS },
      ...data,
    },
  };
}

/** Writes a task and a validated plan of these steps, all of them given to the agent `worker`. */
export function planned(
  log: ModelLog,
  steps: Step[],
  task: Partial<EventData<"task.submitted">> = {},
): { task: StoredEvent; validated: StoredEvent } {
  const first = log.write(submitted(task));
  const decomposed = log.write({
    type: "plan.decomposed",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: first.id,
    data: { planner: { kind: "methods" }, steps },
  });
  const decision = { method: "rule" as const, matched: {}, candidates: [], others: {}, explanation: "" };
  const assignments = steps
    .filter((s) => s.kind === "primitive")
    .map((s) => ({ step: s.id, agent: "worker", decision }));
  const routed = log.write({
    type: "plan.routed",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: decomposed.id,
    data: { rules: { version: "1", hash: "" }, registryHash: "", assignments, unrouted: [] },
  });
  const validated = log.write({
    type: "plan.validated",
    run: RUN,
    rev: 0,
    tokens: [0],
    causationId: routed.id,
    data: { planHash: planHash(steps, assignments), profile: "aop-v1", score: 1, parts: {}, checks: [] },
  });
  return { task: first, validated };
}

/** What an agent answers. */
export function completed(
  dispatched: StoredEvent,
  output: unknown = { ok: true },
): NewEvent<"step.completed"> {
  const { step: id = "", attempt = 1, time } = dispatched;
  return {
    type: "step.completed",
    run: RUN,
    step: id,
    attempt,
    tokens: [id],
    causationId: dispatched.id,
    data: { agent: "worker", attempt, output, startedAt: time, finishedAt: time },
  };
}

export function failed(dispatched: StoredEvent, retryable = true): NewEvent<"step.failed"> {
  const { step: id = "", attempt = 1 } = dispatched;
  return {
    type: "step.failed",
    run: RUN,
    step: id,
    attempt,
    tokens: [id, attempt],
    causationId: dispatched.id,
    data: { agent: "worker", error: { code: "E_AGENT", message: "", retryable, details: [] } },
  };
}

export function signalled(kind: EventData<"run.signal">["kind"], about?: string): NewEvent<"run.signal"> {
  return {
    type: "run.signal",
    run: RUN,
    tokens: [`${kind}-${about ?? "run"}`],
    causationId: "",
    data: { kind, actor: { kind: "user", name: "test" }, ...(about && { step: about }) },
  };
}
