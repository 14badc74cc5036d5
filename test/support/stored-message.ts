import type { Msg } from "@nats-io/nats-core";
import { createHash } from "node:crypto";

/** A message as a stream holds it. */
export type Stored = {
  subject: string;
  seq: number;
  /** When the broker stored it, in nanoseconds since the epoch. */
  storedAtNs: bigint;
  headers: Record<string, string[]>;
  bytes: Uint8Array;
};

/** What the broker itself adds to a message that is read by direct get. */
const ADDED = /^Nats-(Stream|Subject|Sequence|Time-Stamp|Num-Pending|Last-Sequence|UpTo-Sequence)$/;

/** The first 32 hex digits of a text's SHA-256, which is what ids of the contract are made of. */
export function hex32(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** The run that an idempotency key stands for. */
export function runOfKey(key: string): string {
  return hex32(`key|${key}`);
}

/** The run of a task that went into the inbox without a key. */
export function runOfInbox({ seq, storedAtNs }: Pick<Stored, "seq" | "storedAtNs">): string {
  return hex32(`inbox|${seq}|${storedAtNs}`);
}

/** A message's body, which is JSON wherever the contract says what it is. */
export function bodyOf<T = Record<string, unknown>>({ bytes }: Pick<Stored, "bytes">): T {
  return JSON.parse(Buffer.from(bytes).toString()) as T;
}

/** The stored message in an answer to a direct get; undefined where the answer is only a status. */
export function storedMessage({ headers, data }: Msg): Stored | undefined {
  const subject = headers?.last("Nats-Subject");
  if (headers === undefined || !subject) return undefined;
  const own = headers.keys().filter((name) => !ADDED.test(name));
  return {
    subject,
    seq: Number(headers.last("Nats-Sequence")),
    storedAtNs: nanosecondsOf(headers.last("Nats-Time-Stamp")),
    headers: Object.fromEntries(own.map((name) => [name, headers.values(name)])),
    bytes: data,
  };
}

/** A message in an answer of the stream's API, with its header block as it was sent. */
export type ApiMessage = { subject: string; seq: number; hdrs?: string; data?: string; time: string };

/** The same, from the stream's API: no header is too strange for it. */
export function storedFromApi({ subject, seq, hdrs = "", data = "", time }: ApiMessage): Stored {
  const headers: Record<string, string[]> = {};
  const [, ...lines] = Buffer.from(hdrs, "base64").toString().split("\r\n");
  for (const line of lines.filter(Boolean)) {
    const colon = line.includes(":") ? line.indexOf(":") : line.length;
    (headers[line.slice(0, colon)] ??= []).push(line.slice(colon + 1).replace(/^ /, ""));
  }
  return { subject, seq, storedAtNs: nanosecondsOf(time), headers, bytes: Buffer.from(data, "base64") };
}

/** An RFC 3339 time with up to nine decimals. */
function nanosecondsOf(time: string): bigint {
  const [whole = "", fraction = ""] = time.replace("Z", "").split(".");
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
