import { INLINE_BYTES, MAX_FACT_BYTES, MAX_GOAL_BYTES } from "../../shared/contract/envelope.ts";
import { ERRORS } from "../../shared/contract/errors.ts";
import { EVENTS, EVENT_TYPES, MAX_LABELS, MAX_STEPS } from "../../shared/contract/events.ts";
import { MAX_HEADER_BYTES, MAX_HEADER_NAMES } from "../../shared/contract/headers.ts";
import { MAX_DEPTH } from "../../shared/contract/json.ts";
import {
  ACK_WAIT_MS,
  ADMIT_BELOW,
  MIN_MAX_PAYLOAD,
  MIN_SERVER_VERSION,
  type ConsumerSpec,
  type StreamSpec,
} from "../../shared/contract/streams.ts";
import { cellConsumers, cellStreams, STREAM_NAMES } from "./cell.ts";
import { dataTable, shapesTable, submissionTable } from "./field-tables.ts";
import { HEADERS, type Kind } from "./headers.ts";
import { code, size, table } from "./markdown.ts";
import { readersOf, subjectOf, writersOf } from "./parties.ts";

/** The generated sections of `docs/contract.md`, by their names on the page. */
export const CONTRACT_SECTIONS: Readonly<Record<string, () => string>> = {
  events: eventsTable,
  data: dataTable,
  shapes: shapesTable,
  submission: submissionTable,
  headers: headersTable,
  errors: errorsTable,
  streams: streamsTable,
  consumers: consumersTable,
  limits: limitsTable,
};

function eventsTable(): string {
  const rows = EVENT_TYPES.map((type) => [
    code(subjectOf(type, (token) => `<${token}>`)),
    writersOf(type).join(", "),
    readersOf(type).join(", ") || "nobody: it is part of the history",
    EVENTS[type].means,
  ]);
  return table(["Subject", "Written by", "Acted on by", "Means"], rows);
}

const KINDS: Readonly<Record<Kind, string>> = {
  fact: "facts",
  submission: "submissions",
  deadLetter: "dead letters",
  timer: "timers",
  redrive: "redrives",
  progress: "progress",
};

function headersTable(): string {
  const rows = HEADERS.map(({ name, must, may, rule }) => [
    code(name),
    must.map((kind) => KINDS[kind]).join(", "),
    may.map((kind) => KINDS[kind]).join(", "),
    rule,
  ]);
  return table(["Header", "Always on", "May be on", "Rule"], rows);
}

function errorsTable(): string {
  const rows = Object.entries(ERRORS).map(([name, { message, retryable }]) => [
    code(name),
    retryable ? "yes" : "no",
    message,
  ]);
  return table(["Code", "Retryable", "Message"], rows);
}

function streamsTable(): string {
  return table(
    ["Stream", "Subjects", "Keeps a message", "When full", "Besides"],
    cellStreams().map(streamRow),
  );
}

const DAY_MS = 86_400_000;

function streamRow(spec: StreamSpec): string[] {
  const { name, subjects, retention, maxAgeMs, maxBytes, discard, maxMsgSize } = spec;
  const age = maxAgeMs === undefined ? "" : ` for ${maxAgeMs / DAY_MS} days`;
  const besides = [
    spec.maxMsgsPerSubject === 1 && "one message per subject",
    spec.discardNewPerSubject && "a second one is refused",
    spec.denyDelete && spec.denyPurge && "nothing can be deleted or purged",
    maxMsgSize !== undefined && `messages up to ${size(maxMsgSize)}`,
    spec.schedules && "message schedules",
    spec.allowDirect && "direct get",
    spec.duplicateWindowMs !== undefined && `duplicate window ${spec.duplicateWindowMs / 60_000} min`,
  ];
  return [
    code(name),
    subjects.map(code).join(", "),
    retention === "workqueue" ? "until it is acknowledged" : `${age.trim() || "for ever"}`,
    maxBytes === undefined
      ? "has no limit"
      : `${size(maxBytes)}: ${discard === "new" ? "refuses new ones" : "drops the oldest"}`,
    besides.filter(Boolean).join(", "),
  ];
}

function consumersTable(): string {
  const rows = cellConsumers("<agent>").map(({ durable, stream, filters, maxAckPending }: ConsumerSpec) => [
    code(durable),
    code(STREAM_NAMES[stream]),
    filters.map(code).join(", "),
    durable.startsWith("agent-") ? "the card's `concurrency`" : String(maxAckPending),
  ]);
  return table(["Durable", "Stream", "Filters", "Unacknowledged at most"], rows);
}

function limitsTable(): string {
  const rows = [
    ["A fact, envelope and all", size(MAX_FACT_BYTES)],
    ["A goal", size(MAX_GOAL_BYTES)],
    ["Results stay inline while the fact is under", size(INLINE_BYTES)],
    ["Objects and arrays in each other", `${MAX_DEPTH} levels`],
    ["Headers, those of the broker not counted", `${MAX_HEADER_NAMES} names, ${size(MAX_HEADER_BYTES)}`],
    ["Steps of a plan", `${MAX_STEPS}, and what the task's policy allows`],
    ["Labels of a task", String(MAX_LABELS)],
    ["A token", code("[A-Za-z0-9_-]{1,64}")],
    ["The log admits tasks below", `${ADMIT_BELOW * 100} % of its size`],
    ["Ack wait of every consumer", `${ACK_WAIT_MS / 1000} s`],
    ["The broker's `max_payload`", `at least ${size(MIN_MAX_PAYLOAD)}`],
    ["nats-server", `${MIN_SERVER_VERSION} or newer`],
  ];
  return table(["What", "Limit"], rows);
}
