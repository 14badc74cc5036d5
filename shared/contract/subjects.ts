import { GenesisError } from "./errors.ts";
import { EVENTS, type EventType } from "./events.ts";
import { TOKEN } from "./token.ts";

/**
 * Every subject of the bus is built and read here, and only here:
 *
 *   <prefix>.v1.<entity>.<fact>.<run>.<what numbers it>…     a fact of the log
 *   <prefix>.tasks, <prefix>.submit                          the two ways in
 *   <prefix>.dlq.<service>.<code>.<id>                       dead letters
 *   <prefix>.timers.set|fired.<run>.<kind>[.<step>.<attempt>] wake-ups
 *   <prefix>.claims.<run>.<step>.<attempt>.<delivery>        who has an attempt that was delivered again
 *   <prefix>.progress.<run>.<step>, <prefix>.redrive.<service> core NATS, not stored
 */

/** The run is the fifth token of a fact's subject, the fourth of a timer's. */
const RUN_INDEX = 4;
const TIMER_RUN_INDEX = 3;
/** `<prefix>.v1.step.dispatched.<run>.<step>.<attempt>.<agent>.<lane>` */
const AGENT_INDEX = 7;

export type Lane = "high" | "normal" | "low";
export const LANES = ["high", "normal", "low"] as const satisfies readonly Lane[];

export type TimerKind = "deadline" | "timeout" | "retry";
export type Timer = { run: string; kind: TimerKind; step?: string; attempt?: number };
/** A timer that woke its run. Anyone can send a wake-up; when it was sent is said by the broker, in milliseconds since the epoch. */
export type FiredTimer = { timer: Timer; firedAtMs: number };

/** Whether a value may stand as one token of a subject: run, step, agent, update, signal, task type, rule id. */
export function isToken(value: string): boolean {
  return TOKEN.test(value);
}

/** The value, if it may stand as a token. @throws GenesisError `E_ID` naming `path` otherwise. */
export function token(value: string | number, path: string): string {
  const text = String(value);
  if (!isToken(text)) throw new GenesisError("E_ID", [{ path, rule: "[A-Za-z0-9_-]{1,64}" }]);
  return text;
}

/** A fact's subject, taken apart. `rest` are the tokens after the run, in the order of the event's row. */
export type ParsedSubject = { type: EventType; run: string; rest: string[] };

export type Subjects = ReturnType<typeof subjectsOf>;

/** The subjects of one cell. @param prefix the setting `GENESIS_PREFIX`, one token. */
export function subjectsOf(prefix: string) {
  token(prefix, "GENESIS_PREFIX");
  const log = `${prefix}.v1`;
  const typeOf = (subject: string): EventType | undefined => {
    const type = subject.split(".").slice(2, RUN_INDEX).join(".");
    return subject.startsWith(`${log}.`) && Object.hasOwn(EVENTS, type) ? (type as EventType) : undefined;
  };
  return {
    prefix,
    everything: `${log}.>`,
    tasks: `${prefix}.tasks`,
    submit: `${prefix}.submit`,
    dlqEverything: `${prefix}.dlq.>`,
    timersEverything: `${prefix}.timers.>`,
    timersFired: `${prefix}.timers.fired.>`,
    claimsEverything: `${prefix}.claims.>`,

    /** The subject of one fact; `rest` numbers it as the event's row says (see `EVENTS[type].tokens`). */
    fact(type: EventType, run: string, ...rest: (string | number)[]): string {
      const names = EVENTS[type].tokens;
      if (rest.length !== names.length)
        throw new GenesisError("E_INTERNAL", [{ path: type, rule: names.join(".") }]);
      return [log, type, token(run, "run"), ...rest.map((value, i) => token(value, names[i]!))].join(".");
    },
    /** All facts of one type, of every run. */
    allOf: (type: EventType): string => `${log}.${type}.>`,
    /** All facts of one type of one run. */
    allOfRun: (type: EventType, run: string): string => `${log}.${type}.${token(run, "run")}.>`,
    /** The whole history of a run. */
    history: (run: string): string => `${log}.*.*.${token(run, "run")}.>`,
    /** Whatever agent and lane an attempt was dispatched to: the filter that keeps it to one. */
    attempt: (run: string, step: string, attempt: number): string =>
      `${log}.step.dispatched.${token(run, "run")}.${token(step, "step")}.${attempt}.>`,
    /** What one agent consumes in one lane. */
    dispatchedTo: (agent: string, lane: Lane): string =>
      `${log}.step.dispatched.*.*.*.${token(agent, "agent")}.${lane}`,

    deadLetter: (service: string, code: string, id: string): string =>
      `${prefix}.dlq.${token(service, "service")}.${token(code, "code")}.${token(id, "id")}`,
    progress: (run: string, step: string): string =>
      `${prefix}.progress.${token(run, "run")}.${token(step, "step")}`,
    redrive: (service: string): string => `${prefix}.redrive.${token(service, "service")}`,

    /** The mark of one delivery of an attempt. */
    claim: (run: string, step: string, attempt: number, delivery: number): string =>
      `${prefix}.claims.${token(run, "run")}.${token(step, "step")}.${attempt}.${delivery}`,
    /** The marks of all deliveries of an attempt. */
    claims: (run: string, step: string, attempt: number): string =>
      `${prefix}.claims.${token(run, "run")}.${token(step, "step")}.${attempt}.*`,

    /** Every timer of a run that is set. */
    timersOf: (run: string): string => `${prefix}.timers.set.${token(run, "run")}.>`,
    timerSet: (timer: Timer): string => `${prefix}.timers.set.${timerTokens(timer)}`,
    timerFired: (timer: Timer): string => `${prefix}.timers.fired.${timerTokens(timer)}`,
    /** The timer that a fired subject names. @throws GenesisError `E_ID` for any other subject. */
    parseTimer(subject: string): Timer {
      const [, , state, run, kind, step, attempt] = subject.split(".");
      if (state !== "fired" || !run || !isTimerKind(kind))
        throw new GenesisError("E_ID", [{ path: "subject", rule: "a fired timer" }]);
      return { run, kind, ...(step && { step }), ...(attempt && { attempt: Number(attempt) }) };
    },

    /** Takes a fact's subject apart. @throws GenesisError `E_ID` for a subject that is not a fact's. */
    parse(subject: string): ParsedSubject {
      const tokens = subject.split(".");
      const type = `${tokens[2]}.${tokens[3]}`;
      const run = tokens[RUN_INDEX];
      const rest = tokens.slice(RUN_INDEX + 1);
      const fits =
        subject.startsWith(`${log}.`) &&
        Object.hasOwn(EVENTS, type) &&
        run !== undefined &&
        isToken(run) &&
        rest.length === EVENTS[type as EventType].tokens.length &&
        rest.every(isToken);
      if (!fits) throw new GenesisError("E_ID", [{ path: "subject", rule: "a fact of the log" }]);
      return { type: type as EventType, run, rest };
    },
    /** The type of fact that belongs where a subject points, whatever follows in it; undefined where none does. */
    typeOf,
    /** The run that the subject of a fact or of a timer names; undefined where it names none. */
    runOf(subject: string): string | undefined {
      const index = subject.startsWith(`${prefix}.timers.`) ? TIMER_RUN_INDEX : RUN_INDEX;
      const run = subject.split(".")[index];
      return run !== undefined && isToken(run) ? run : undefined;
    },
    /** The agent that the subject of a dispatch names; undefined for any other subject. */
    agentOf(subject: string): string | undefined {
      return typeOf(subject) === "step.dispatched" ? subject.split(".")[AGENT_INDEX] : undefined;
    },

    /** The part of a subject that holds no id: few values, so it may be a label or part of a span name. */
    template(subject: string): string {
      const tokens = subject.split(".");
      if (subject.startsWith(`${log}.`)) return tokens.slice(0, RUN_INDEX).join(".");
      return tokens.slice(0, tokens[1] === "timers" ? 3 : 2).join(".");
    },
  };
}

const TIMER_KINDS: readonly string[] = ["deadline", "timeout", "retry"] satisfies TimerKind[];

function isTimerKind(value: string | undefined): value is TimerKind {
  return value !== undefined && TIMER_KINDS.includes(value);
}

function timerTokens({ run, kind, step, attempt }: Timer): string {
  const at = step === undefined ? [] : [token(step, "step"), String(attempt ?? 1)];
  return [token(run, "run"), kind, ...at].join(".");
}
