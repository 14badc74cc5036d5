import type { Append, History, Unreadable } from "../../shared/contract/decider.ts";
import { decode, encode } from "../../shared/contract/envelope.ts";
import type { EventData, EventType, NewEvent, StoredEvent } from "../../shared/contract/events.ts";
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
 * event by event, without a broker. The clock is the broker's: it moves one second with every fact, and as far as it
 * is told to.
 */
export function modelLog() {
  const events: StoredEvent[] = [];
  const unreadable: (Unreadable & { subject: string })[] = [];
  let seq = 0;
  let nowMs = START_MS;
  const stands = (subject: string): boolean =>
    [...events, ...unreadable].some((fact) => fact.subject === subject);

  function append({ event, expect }: Append): Appended {
    const encoded = encode(subjects, event, "correlation", new Date(START_MS).toISOString());
    if (expect === "attempt") {
      const attempt = subjects.attempt(RUN, event.step ?? "", event.attempt ?? 1).slice(0, -1);
      if ([...events, ...unreadable].some((fact) => fact.subject.startsWith(attempt)))
        return { kind: "superseded" };
    } else if (stands(encoded.subject)) return { kind: "superseded" };
    else if (typeof expect === "object" && expect.runAt !== seq) return { kind: "moved" };
    return { kind: "stored", event: store(encoded) };
  }

  function store({ subject, bytes, headers }: ReturnType<typeof encode>): StoredEvent {
    seq++;
    nowMs += 1000;
    const values: HeaderValues = new Map(Object.entries(headers).map(([name, value]) => [name, [value]]));
    const event = decode(subjects, {
      subject,
      seq,
      storedAtMs: nowMs,
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

  /** Stores something that cannot be read where a fact of this type belongs. Returns the id that it gives itself. */
  function spoil(type: EventType, ...rest: string[]): string {
    const subject = subjects.fact(type, RUN, ...rest);
    if (stands(subject)) throw new Error(`${subject} stands already`);
    seq++;
    nowMs += 1000;
    const id = `junk-${seq}`;
    const error = { code: "E_JSON" as const, message: "", retryable: false, details: [] };
    unreadable.push({ type, run: RUN, rest, seq, storedAtMs: nowMs, id, error, subject });
    return id;
  }

  /** Lets the clock run until then, unless it is later already. */
  const waitUntil = (atMs: number): void => void (nowMs = Math.max(nowMs, atMs));
  const history = (): History => ({
    run: RUN,
    events: [...events],
    unreadable: [...unreadable],
    lastSeq: seq,
  });
  return { events, append, write, spoil, waitUntil, history };
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
  return { task: first, validated: log.write(verdictOn(log, steps, { rev: 0, causationId: first.id })) };
}

/** Writes a revision of a plan of these steps up to its verdict, and returns that: the plan passed. */
export function verdictOn(
  log: ModelLog,
  steps: Step[],
  { rev, causationId }: { rev: number; causationId: string },
): NewEvent<"plan.validated"> {
  const decomposed = log.write({
    type: "plan.decomposed",
    run: RUN,
    rev,
    tokens: [rev],
    causationId,
    data: { planner: { kind: "methods" }, steps },
  });
  const decision = { method: "rule" as const, matched: {}, candidates: [], others: {}, explanation: "" };
  const assignments = steps
    .filter((s) => s.kind === "primitive")
    .map((s) => ({ step: s.id, agent: "worker", decision }));
  const routed = log.write({
    type: "plan.routed",
    run: RUN,
    rev,
    tokens: [rev],
    causationId: decomposed.id,
    data: { rules: { version: "1", hash: "" }, registryHash: "", assignments, unrouted: [] },
  });
  return {
    type: "plan.validated",
    run: RUN,
    rev,
    tokens: [rev],
    causationId: routed.id,
    data: { planHash: planHash(steps, assignments), profile: "aop-v1", score: 1, parts: {}, checks: [] },
  };
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
