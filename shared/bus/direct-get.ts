import { GenesisError } from "../contract/errors.ts";
import type { HeaderValues } from "../contract/headers.ts";
import type { Reply, Requests } from "./requests.ts";

/** A message as it is stored in a stream. */
export type StoredMessage = {
  stream: string;
  subject: string;
  seq: number;
  /** When the broker stored it, in nanoseconds since the epoch, exact, as a decimal text. */
  storedAtNs: string;
  storedAtMs: number;
  headers: HeaderValues;
  /** False for a header block that is `E_HEADER`. */
  isWellFormed: boolean;
  bytes: Uint8Array;
};

/**
 * What to read: one message by sequence or subject, the first match of a filter after a sequence, or the last of each
 * subject of some filters.
 */
export type Query =
  | { seq: number }
  | { last_by_subj: string }
  | { next_by_subj: string; seq: number; batch: number }
  | { next_by_subj: string; start_time: string; batch: number }
  | { multi_last: string[]; seq?: number; batch: number };

/** A page of messages in stream order, and how many are left beyond it. */
export type Page = { messages: StoredMessage[]; pending: number };

const NOT_FOUND = 404;
const END_OF_BATCH = 204;
const TOO_MANY = 413;

/** The headers that a direct get adds. It appends them, so a message's own header of such a name comes before. */
const ADDED = ["Nats-Stream", "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp"];
const ADDED_TO_BATCHES = [...ADDED, "Nats-Num-Pending", "Nats-Last-Sequence"];

/**
 * Reads one message, or undefined where there is none. @throws GenesisError `E_STORAGE` when the broker does not
 * answer
 */
export async function readOne(
  requests: Requests,
  stream: string,
  query: Query,
): Promise<StoredMessage | undefined> {
  return storedMessage(await requests.one(question(stream, query)), ADDED);
}

/**
 * Reads a batch of messages, in stream order. Undefined when more subjects match than the broker lists at once
 * (1,024). @throws GenesisError `E_STORAGE` when the broker does not answer
 */
export async function readBatch(requests: Requests, stream: string, query: Query): Promise<Page | undefined> {
  const messages: StoredMessage[] = [];
  let end: Reply | undefined;
  await requests.many(question(stream, query), (reply) => {
    const message = storedMessage(reply, ADDED_TO_BATCHES);
    if (message === undefined) end = reply;
    else messages.push(message);
    return message === undefined;
  });
  if (end?.status === TOO_MANY) return undefined;
  if (end?.status !== END_OF_BATCH && end?.status !== NOT_FOUND) {
    throw new GenesisError("E_STORAGE", [{ path: "broker", rule: `status ${end?.status} for a direct get` }]);
  }
  return { messages, pending: Number(end.values.get("Nats-Num-Pending")?.at(-1) ?? 0) };
}

/** The time of an RFC 3339 text with up to nine decimals, in nanoseconds since the epoch. */
export function nanosecondsOf(timestamp: string): string {
  const [seconds = "", fraction = ""] = timestamp.replace("Z", "").split(".");
  return `${Date.parse(`${seconds}Z`) / 1000}${fraction.padEnd(9, "0")}`;
}

function question(stream: string, query: Query) {
  return { subject: `$JS.API.DIRECT.GET.${stream}`, payload: JSON.stringify(query) };
}

/**
 * The stored message that a reply holds, or undefined where it is a status. A publisher may forge a status line, but
 * not these headers' last values.
 */
function storedMessage({ values, data, isWellFormed }: Reply, added: string[]): StoredMessage | undefined {
  const [stream, subject, seq, timestamp] = ADDED.map((name) => values.get(name)?.at(-1));
  if (stream === undefined || subject === undefined || seq === undefined || timestamp === undefined)
    return undefined;
  const storedAtNs = nanosecondsOf(timestamp);
  return {
    stream,
    subject,
    seq: Number(seq),
    storedAtNs,
    storedAtMs: millisecondsOf(storedAtNs),
    headers: without(added, values),
    isWellFormed,
    bytes: data,
  };
}

/** Whole milliseconds of a time in nanoseconds. */
export function millisecondsOf(nanoseconds: string): number {
  return Number(nanoseconds.slice(0, -6));
}

function without(added: string[], values: HeaderValues): HeaderValues {
  const own = new Map(values);
  for (const name of added) {
    const before = own.get(name)?.slice(0, -1);
    if (before === undefined || before.length === 0) own.delete(name);
    else own.set(name, before);
  }
  return own;
}
