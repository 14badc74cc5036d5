import type { StoredEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import type { Timer } from "../../shared/contract/subjects.ts";
import type { Trigger } from "../../services/execution/next.ts";
import { handle } from "./handle.ts";
import { completed, failed, signalled, step, submitted, verdictOn, type ModelLog } from "./model-log.ts";

/** A number from 0 up to `sides` - 1, anyone's guess. */
export type Roll = (sides: number) => number;

const TURNS = 150;
/** Before the first fact of any run: no timer is due then. */
const TOO_EARLY_MS = 0;

/**
 * Lives a run through on the log in memory: agents answer, late and twice and never, people steer it, processes die, messages
 * come twice and in any order, strangers write what nobody can read, and all of that also between a decision and its
 * facts. In the end everything is delivered. `retell` delivers everything once more.
 */
export function simulate(log: ModelLog, steps: Step[], roll: Roll): { retell: () => void } {
  const told: Trigger[] = [];
  const pending: Trigger[] = [];
  const tell = (trigger: Trigger): void => {
    told.push(trigger);
    pending.push(trigger);
  };
  const tellOf = (event: StoredEvent): void => tell({ fact: event.id });
  const task = log.write(submitted(roll(3) === 0 ? { budget: { tokens: roll(30) } } : {}));
  tellOf(task);
  tellOf(log.write(verdictOn(log, steps, { rev: 0, causationId: task.id })));

  const answered = new Set<string>();
  const stands = (subject: string): boolean =>
    [...log.events, ...log.history().unreadable].some(
      (fact) => "subject" in fact && fact.subject === subject,
    );

  /** An agent answers an attempt, which may be over long since. */
  const answer = (): void => {
    const open = log.events.filter((event) => event.type === "step.dispatched" && !answered.has(event.id));
    const dispatched = open[roll(open.length || 1)];
    if (dispatched === undefined) return;
    if (roll(5) > 0) answered.add(dispatched.id);
    const own = roll(4) === 0 ? failed(dispatched, roll(3) > 0) : completed(dispatched);
    const event = { ...own, data: { ...own.data, usage: { inputTokens: roll(6) } } } as typeof own;
    const appended = log.append({ event, expect: "subject" });
    if (appended.kind === "stored") tellOf(appended.event);
  };
  const anyStep = (): string => steps[roll(steps.length)]!.id;
  /** A person, or a program, says something about the run. */
  const signal = (): void => {
    const kinds = ["approve", "approve", "approve", "approve", "pause", "cancel", "reject"] as const;
    const kind = kinds[roll(roll(4) === 0 ? kinds.length : 4)]!;
    const appended = log.append({
      event: signalled(kind, kind === "approve" ? anyStep() : undefined),
      expect: "subject",
    });
    if (appended.kind === "stored") tellOf(appended.event);
  };
  /** Somebody writes what cannot be read. */
  const spoil = (): void => {
    const id = anyStep();
    const attempt = String(1 + roll(3));
    const places = [
      ["step.completed", id],
      ["step.failed", id, attempt],
      ["step.skipped", id],
      ["step.dispatched", id, attempt, "worker", "normal"],
      ["plan.refused", "x"],
      ["run.signal", "x"],
    ] as const;
    const [type, ...rest] = places[roll(places.length)]!;
    if (!stands(`genesis.v1.${[type, log.history().run, ...rest].join(".")}`))
      tell({ fact: log.spoil(type, ...rest) });
  };
  /** The plan gets one more step. */
  let rev = 0;
  const revise = (): void => {
    if (log.events.some(({ type }) => type === "run.finished")) return;
    rev++;
    steps.push(step(`r${rev}`, { dependsOn: [anyStep()] }));
    tellOf(log.write(verdictOn(log, [...steps], { rev, causationId: task.id })));
  };
  const something = (): void => {
    const what = roll(40);
    if (what < 25) answer();
    else if (what < 36) signal();
    else if (what < 38) spoil();
    else if (what === 38) revise();
    else if (told.length > 0) pending.push(told[roll(told.length)]!);
  };

  const deliver = (trigger: Trigger, isCalm = false): void => {
    if ("timer" in trigger) log.waitUntil(trigger.firedAtMs);
    const crashAfter = !isCalm && roll(5) === 0 ? roll(3) : Infinity;
    const meanwhile = (): void => {
      if (!isCalm && roll(4) === 0) something();
    };
    const { wrote, timers } = handle(log, trigger, { crashAfter, meanwhile });
    for (const event of wrote) if (event.type === "step.failed") tellOf(event);
    for (const [timer, firedAtMs] of timers) tell({ timer: JSON.parse(timer) as Timer, firedAtMs });
    // A process that died has not acknowledged anything.
    if (crashAfter !== Infinity) pending.push(trigger);
  };

  for (let turn = 0; turn < TURNS && pending.length > 0; turn++) {
    if (roll(2) === 0) something();
    const [trigger] = pending.splice(roll(pending.length), 1);
    const isDeadline = "timer" in trigger! && trigger.timer.kind === "deadline";
    // An hour passes seldom: else most runs would end by that.
    if (isDeadline && roll(20) > 0) pending.push(trigger!);
    else if ("timer" in trigger! && roll(4) === 0) {
      const { wrote } = handle(log, { ...trigger, firedAtMs: TOO_EARLY_MS });
      if (wrote.length > 0) throw new Error(`${wrote[0]!.type} by a timer that is not due`);
      pending.push(trigger);
    } else deliver(trigger!);
  }
  for (let trigger = pending.shift(); trigger !== undefined; trigger = pending.shift())
    deliver(trigger, true);
  return { retell: () => void told.forEach((trigger) => handle(log, trigger)) };
}
