import type { EventType } from "./events.ts";
import { LANES, type Lane, type Subjects } from "./subjects.ts";

/** The streams and durable consumers of the contract, as data. `genesis setup` makes them; everyone else binds to what exists. */

const MIB = 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
const LOG_MAX_AGE_MS = 7 * DAY_MS;
/** Room for about 100,000 claims; there is one for each time that a step is delivered again. */
const CLAIMS_MAX_BYTES = 16 * MIB;

/** The broker must take at least this much in one message, so that every dead letter fits. */
export const MIN_MAX_PAYLOAD = 2 * MIB;
/** Nothing older is safe or has the message schedules that timers need. */
export const MIN_SERVER_VERSION = "2.14.3";
export const ACK_WAIT_MS = 30_000;
/** Below this share of the log's `max_bytes` the gateway admits tasks; the rest belongs to runs already accepted. */
export const ADMIT_BELOW = 0.8;

export type StreamName = "log" | "inbox" | "dlq" | "timers" | "claims";

export type StreamSpec = {
  name: string;
  description: string;
  subjects: string[];
  retention: "limits" | "workqueue";
  discard: "new" | "old";
  maxBytes?: number;
  maxAgeMs?: number;
  maxMsgSize?: number;
  maxMsgsPerSubject?: number;
  discardNewPerSubject?: boolean;
  denyDelete?: boolean;
  denyPurge?: boolean;
  allowDirect?: boolean;
  duplicateWindowMs?: number;
  schedules?: boolean;
};

/** How large the bounded streams may grow, in bytes (settings). */
export type StreamSizes = { logMaxBytes: number; dlqMaxBytes: number; inboxMaxBytes: number };

/** The stream names of a cell. */
export function streamNames(prefix: string): Record<StreamName, string> {
  const name = prefix.toUpperCase();
  return {
    log: name,
    inbox: `${name}_INBOX`,
    dlq: `${name}_DLQ`,
    timers: `${name}_TIMERS`,
    claims: `${name}_CLAIMS`,
  };
}

/** The streams of a cell, as CONTRACT.md words them, and that of the claims, which only our own agents use. */
export function streams(subjects: Subjects, sizes: StreamSizes): StreamSpec[] {
  const names = streamNames(subjects.prefix);
  return [
    {
      name: names.log,
      description: "Every fact about every run; state is a fold of it",
      subjects: [subjects.everything],
      retention: "limits",
      discard: "new",
      maxBytes: sizes.logMaxBytes,
      maxAgeMs: LOG_MAX_AGE_MS,
      maxMsgSize: MIB,
      maxMsgsPerSubject: 1,
      discardNewPerSubject: true,
      denyDelete: true,
      denyPurge: true,
      allowDirect: true,
      duplicateWindowMs: 120_000,
    },
    {
      name: names.inbox,
      description: "Tasks that wait for the gateway",
      subjects: [subjects.tasks],
      retention: "workqueue",
      discard: "new",
      maxBytes: sizes.inboxMaxBytes,
      maxMsgSize: MIB,
      allowDirect: true,
      duplicateWindowMs: 120_000,
    },
    {
      name: names.dlq,
      description: "What could not be read or handled, byte for byte, with its reason",
      subjects: [subjects.dlqEverything],
      retention: "limits",
      discard: "old",
      maxBytes: sizes.dlqMaxBytes,
      maxAgeMs: 14 * DAY_MS,
      maxMsgsPerSubject: 1,
      allowDirect: true,
      duplicateWindowMs: 120_000,
    },
    {
      name: names.timers,
      description: "Wake-ups for execution; a timer is never a fact",
      subjects: [subjects.timersEverything],
      retention: "workqueue",
      discard: "old",
      allowDirect: true,
      schedules: true,
    },
    {
      name: names.claims,
      description:
        "Which process has a step that was delivered again; what stays open belonged to one that died",
      subjects: [subjects.claimsEverything],
      retention: "limits",
      discard: "old",
      maxBytes: CLAIMS_MAX_BYTES,
      maxAgeMs: LOG_MAX_AGE_MS,
      maxMsgsPerSubject: 1,
      allowDirect: true,
    },
  ];
}

export type ConsumerSpec = { stream: StreamName; durable: string; filters: string[]; maxAckPending: number };

/**
 * Which facts each stage of the log reads. Execution is also handed what it does not act on: plans on their way, its own facts and
 * refusals. One of them that cannot be read may be the end of a step or run, and would be nobody's dead letter.
 */
export const STAGE_READS = {
  htdag: ["task.submitted", "plan.rejected", "plan.update"],
  halo: ["plan.decomposed"],
  aop: ["plan.routed"],
  execution: [
    "task.submitted",
    "plan.decomposed",
    "plan.routed",
    "plan.validated",
    "plan.rejected",
    "plan.refused",
    "step.dispatched",
    "step.completed",
    "step.failed",
    "step.skipped",
    "run.signal",
    "run.finished",
  ],
} as const satisfies Record<string, readonly EventType[]>;

export type StageName = keyof typeof STAGE_READS;

/** What execution acts on, of what it is handed. */
export const EXECUTION_HANDLES = [
  "task.submitted",
  "plan.validated",
  "plan.rejected",
  "step.completed",
  "step.failed",
  "run.signal",
] as const satisfies readonly (typeof STAGE_READS)["execution"][number][];

/** How many messages a stage may hold unacknowledged at a time, over all its instances. */
const STAGE_ACK_PENDING = 256;

export function agentConsumer(agent: string, lane: Lane): string {
  return `agent-${agent}-${lane}`;
}

/** Every durable consumer of a cell. @param agents name and concurrency of every agent of the catalogues, external ones too */
export function consumers(
  subjects: Subjects,
  agents: readonly { name: string; concurrency: number }[],
): ConsumerSpec[] {
  const stages = Object.entries(STAGE_READS).map(([durable, reads]) => ({
    stream: "log" as const,
    durable,
    filters: reads.map((type) => subjects.allOf(type)),
    maxAckPending: STAGE_ACK_PENDING,
  }));
  const lanes = agents.flatMap(({ name, concurrency }) =>
    LANES.map((lane) => ({
      stream: "log" as const,
      durable: agentConsumer(name, lane),
      filters: [subjects.dispatchedTo(name, lane)],
      maxAckPending: concurrency,
    })),
  );
  return [
    { stream: "inbox", durable: "gateway", filters: [subjects.tasks], maxAckPending: STAGE_ACK_PENDING },
    ...stages,
    {
      stream: "timers",
      durable: "execution-timers",
      filters: [subjects.timersFired],
      maxAckPending: STAGE_ACK_PENDING,
    },
    ...lanes,
  ];
}
