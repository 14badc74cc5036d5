import { createInbox, headers as newHeaders, type Msg, type MsgHdrs } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * A client as anybody could write it: it has a NATS library and the page of the contract, and nothing of this project. It
 * publishes tasks and facts, asks at the door, and reads the streams by direct get.
 */

/** A message as a stream holds it. */
export type Stored = {
  subject: string;
  seq: number;
  /** When the broker stored it, in nanoseconds since the epoch. */
  storedAtNs: bigint;
  headers: Record<string, string[]>;
  bytes: Uint8Array;
};

/** What a stream says to a publish: where the message is, or why it is nowhere. */
export type PubAck = { stream: string; seq: number; duplicate?: boolean; error?: { err_code: number } };

export type Headers = Record<string, string>;

/** A fact that a stranger writes: `rest` are the tokens after the run, which the envelope repeats by their names. */
export type NewFact = {
  type: string;
  run: string;
  rest: readonly (string | number)[];
  rev?: number;
  step?: string;
  attempt?: number;
  /** Empty for what comes from outside. */
  causationId?: string;
  data: unknown;
};

export type ForeignClient = Awaited<ReturnType<typeof foreignClient>>;

const ACTOR = { kind: "user", name: "a stranger" };
const ASK_WITHIN_MS = 5000;
const POLL_MS = 25;
const BATCH = 500;
const NO_MORE = new Set(["204", "404"]);
/** What the broker itself adds to a message that is read by direct get. */
const ADDED = /^Nats-(Stream|Subject|Sequence|Time-Stamp|Num-Pending|Last-Sequence|UpTo-Sequence)$/;

/** The run that an idempotency key stands for. */
export function runOfKey(key: string): string {
  return hex32(`key|${key}`);
}

/** The run of a task that went into the inbox without a key. */
export function runOfInbox({ seq, storedAtNs }: Pick<Stored, "seq" | "storedAtNs">): string {
  return hex32(`inbox|${seq}|${storedAtNs}`);
}

/** The first 32 hex digits of a text's SHA-256, which is what ids of the contract are made of. */
export function hex32(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** A message's body, which is JSON wherever the contract says what it is. */
export function bodyOf<T = Record<string, unknown>>({ bytes }: Pick<Stored, "bytes">): T {
  return JSON.parse(Buffer.from(bytes).toString()) as T;
}

/** Connects, and stays connected through restarts of the broker. */
export async function foreignClient(url: string) {
  const nc = await connect({
    servers: url,
    name: "foreign",
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    noAsyncTraces: true,
  });

  const ask = async (
    subject: string,
    payload: string | Uint8Array,
    headers: Headers = {},
  ): Promise<Uint8Array> => {
    const options = { timeout: ASK_WITHIN_MS, headers: blockOf(headers) };
    return (await nc.request(subject, payload, options)).data;
  };

  /** Publishes into a stream and waits for its word. */
  const publish = async (subject: string, payload: string | Uint8Array, headers?: Headers): Promise<PubAck> =>
    bodyOf({ bytes: await ask(subject, payload, headers) });

  /** Everything that a direct get finds, in stream order. */
  const read = (stream: string, query: Record<string, unknown>): Promise<Stored[]> =>
    new Promise((resolve, reject) => {
      const found: Stored[] = [];
      const inbox = createInbox();
      const late = setTimeout(() => done(new Error(`no answer to a direct get on ${stream}`)), ASK_WITHIN_MS);
      const subscription = nc.subscribe(inbox, {
        callback: (_, message) => {
          const stored = storedMessage(message);
          if (stored) found.push(stored);
          if (stored && query["batch"] !== undefined) return;
          const status =
            message.headers?.hasError || message.headers?.code ? String(message.headers.code) : "";
          done(stored || NO_MORE.has(status) ? undefined : new Error(`direct get answered ${status}`));
        },
      });
      const done = (error?: Error): void => {
        clearTimeout(late);
        subscription.unsubscribe();
        if (error) reject(error);
        else resolve(found);
      };
      nc.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: inbox });
    });

  const get = async (subject: string, stream = "GENESIS"): Promise<Stored | undefined> =>
    (await read(stream, { last_by_subj: subject }))[0];

  /** All messages of a stream that a filter matches, from a sequence on. */
  const readAll = async (stream: string, filter: string, from = 1): Promise<Stored[]> => {
    const all: Stored[] = [];
    for (let seq = from; ;) {
      const page = await read(stream, { next_by_subj: filter, seq, batch: BATCH });
      all.push(...page);
      if (page.length < BATCH) return all;
      seq = page.at(-1)!.seq + 1;
    }
  };

  /** Waits until a message stands on a subject of the log. @throws Error after the time */
  const waitFor = async (subject: string, withinMs = 20_000): Promise<Stored> => {
    const until = performance.now() + withinMs;
    for (;;) {
      // While the broker is away it is asked again, as any client would.
      const found = await get(subject).catch(() => undefined);
      if (found !== undefined) return found;
      if (performance.now() > until) throw new Error(`nothing on ${subject} within ${withinMs} ms`);
      await sleep(POLL_MS);
    }
  };

  /** Appends a fact in the words of the contract: derived id, expected sequence 0, the run's correlation id. */
  const write = async (fact: NewFact, headers: Headers = {}): Promise<PubAck> => {
    const { type, run, rest, causationId = "", data, ...parts } = fact;
    const subject = ["genesis.v1", type, run, ...rest].join(".");
    const task = await waitFor(`genesis.v1.task.submitted.${run}.once`);
    const { correlationId } = bodyOf<{ correlationId: string }>(task);
    const id = hex32(`${subject}|${causationId}`);
    const time = new Date().toISOString();
    const body = { id, type, version: 1, run, ...parts, causationId, correlationId, time, data };
    return publish(subject, JSON.stringify(body), {
      "Nats-Msg-Id": id,
      "Nats-Expected-Last-Subject-Sequence": "0",
      "correlation-id": correlationId,
      "causation-id": causationId,
      "content-type": "application/json",
      traceparent: `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`,
      ...headers,
    });
  };

  return {
    nc,
    ask,
    publish,
    get,
    readAll,
    waitFor,
    /** Leaves a task in the inbox. */
    task: (payload: unknown, headers?: Headers) =>
      publish("genesis.tasks", typeof payload === "string" ? payload : JSON.stringify(payload), headers),
    /** Hands a task in at the door: who it is now, or the error. */
    submit: async (payload: unknown, headers?: Headers) =>
      bodyOf<Record<string, string>>({
        bytes: await ask(
          "genesis.submit",
          typeof payload === "string" ? payload : JSON.stringify(payload),
          headers,
        ),
      }),
    /** Signals a run, by a key of the caller's own. */
    signal: (run: string, key: string, { kind, headers }: { kind: string; headers?: Headers }) =>
      write({ type: "run.signal", run, rest: [key], data: { kind, actor: ACTOR } }, headers),
    write,
    /** The whole history of a run. */
    history: (run: string) => read("GENESIS", { multi_last: [`genesis.v1.*.*.${run}.>`], batch: 1024 }),
    finished: (run: string, withinMs?: number) => waitFor(`genesis.v1.run.finished.${run}.once`, withinMs),
    deadLetters: () => readAll("GENESIS_DLQ", "genesis.dlq.>"),
    /** The message at a place in a stream, whatever its headers are: the library would not read them all. */
    at: async (stream: string, seq: number): Promise<Stored | undefined> => {
      const bytes = await ask(`$JS.API.STREAM.MSG.GET.${stream}`, JSON.stringify({ seq }));
      const { message } = bodyOf<{ message?: StreamMessage }>({ bytes });
      return message && storedFrom(message);
    },
    close: () => nc.close(),
  };
}

function blockOf(headers: Headers): MsgHdrs {
  const block = newHeaders();
  for (const [name, value] of Object.entries(headers)) block.append(name, value);
  return block;
}

function storedMessage({ headers, data }: Msg): Stored | undefined {
  const subject = headers?.last("Nats-Subject");
  if (headers === undefined || !subject) return undefined;
  const own: Record<string, string[]> = {};
  for (const name of headers.keys()) if (!ADDED.test(name)) own[name] = headers.values(name);
  return {
    subject,
    seq: Number(headers.last("Nats-Sequence")),
    storedAtNs: nanosecondsOf(headers.last("Nats-Time-Stamp")),
    headers: own,
    bytes: data,
  };
}

type StreamMessage = { subject: string; seq: number; hdrs?: string; data?: string; time: string };

function storedFrom({ subject, seq, hdrs = "", data = "", time }: StreamMessage): Stored {
  const headers: Record<string, string[]> = Object.create(null);
  for (const line of Buffer.from(hdrs, "base64").toString().split("\r\n").slice(1).filter(Boolean)) {
    const colon = line.includes(":") ? line.indexOf(":") : line.length;
    (headers[line.slice(0, colon)] ??= []).push(line.slice(colon + 1).trim());
  }
  const bytes = Buffer.from(data, "base64");
  return { subject, seq, storedAtNs: nanosecondsOf(time), headers, bytes };
}

/** An RFC 3339 time with up to nine decimals. */
function nanosecondsOf(time: string): bigint {
  const [whole = "", fraction = ""] = time.replace("Z", "").split(".");
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
