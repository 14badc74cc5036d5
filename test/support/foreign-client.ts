import { createInbox, headers as newHeaders, type MsgHdrs, type NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  bodyOf,
  hex32,
  storedFromApi,
  storedMessage,
  type ApiMessage,
  type Stored,
} from "./stored-message.ts";

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

type Payload = string | Uint8Array;

const ASK_WITHIN_MS = 5000;
const WAIT_WITHIN_MS = 20_000;
const POLL_MS = 25;
const BATCH = 500;
const NO_MORE = new Set([204, 404]);
const ACTOR = { kind: "user", name: "a stranger" };

/**
 * A client as anybody could write it: it has a NATS library and the page of the contract, and nothing of this project. It
 * publishes tasks and facts, asks at the door, and reads the streams by direct get. It stays connected through restarts of the
 * broker; what waits for an answer then is rejected.
 */
export async function foreignClient(url: string) {
  const nc = await connect({
    servers: url,
    name: "foreign",
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    noAsyncTraces: true,
  });
  const unlessLost = watchConnection(nc);

  const ask = async (subject: string, payload: Payload, headers: Headers = {}): Promise<Uint8Array> => {
    const options = { timeout: ASK_WITHIN_MS, headers: blockOf(headers) };
    return (await unlessLost(nc.request(subject, payload, options))).data;
  };

  /** Publishes into a stream and waits for its word. */
  const publish = async (subject: string, payload: Payload, headers?: Headers): Promise<PubAck> =>
    bodyOf({ bytes: await ask(subject, payload, headers) });

  const read = (stream: string, query: Record<string, unknown>) => unlessLost(directGet(nc, stream, query));

  /** The message on a subject. */
  const get = async (subject: string, stream = "GENESIS"): Promise<Stored | undefined> =>
    (await read(stream, { last_by_subj: subject }))[0];

  /** All messages of a stream that a filter matches, from a sequence on. */
  const readAll = async (stream: string, filter: string, from = 1): Promise<Stored[]> => {
    const all: Stored[] = [];
    for (let seq = from; ; seq = all.at(-1)!.seq + 1) {
      const page = await read(stream, { next_by_subj: filter, seq, batch: BATCH });
      all.push(...page);
      if (page.length < BATCH) return all;
    }
  };

  /** Waits until a message stands on a subject of the log. @throws Error after the time */
  const waitFor = async (subject: string, withinMs = WAIT_WITHIN_MS): Promise<Stored> => {
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
    const { correlationId } = bodyOf<Headers>(await waitFor(`genesis.v1.task.submitted.${run}.once`));
    const id = hex32(`${subject}|${causationId}`);
    const time = new Date().toISOString();
    const body = { id, type, version: 1, run, ...parts, causationId, correlationId, time, data };
    return publish(subject, JSON.stringify(body), {
      "Nats-Msg-Id": id,
      "Nats-Expected-Last-Subject-Sequence": "0",
      "correlation-id": correlationId!,
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
    write,
    /** Leaves a task in the inbox. */
    task: (payload: unknown, headers?: Headers) => publish("genesis.tasks", textOf(payload), headers),
    /** Hands a task in at the door: who it is now, or the error. */
    submit: async (payload: unknown, headers?: Headers): Promise<Record<string, string>> =>
      bodyOf({ bytes: await ask("genesis.submit", textOf(payload), headers) }),
    /** Signals a run, by a key of the caller's own. */
    signal: (run: string, key: string, { kind, headers }: { kind: string; headers?: Headers }) =>
      write({ type: "run.signal", run, rest: [key], data: { kind, actor: ACTOR } }, headers),
    /** The whole history of a run. */
    history: (run: string) => read("GENESIS", { multi_last: [`genesis.v1.*.*.${run}.>`], batch: 1024 }),
    /** The end of a run, once it has one. */
    finished: (run: string, withinMs?: number) => waitFor(`genesis.v1.run.finished.${run}.once`, withinMs),
    deadLetters: () => readAll("GENESIS_DLQ", "genesis.dlq.>"),
    /** The message at a place in a stream, whatever its headers are: the library would not read them all. */
    at: async (stream: string, seq: number): Promise<Stored | undefined> => {
      const bytes = await ask(`$JS.API.STREAM.MSG.GET.${stream}`, JSON.stringify({ seq }));
      const { message } = bodyOf<{ message?: ApiMessage }>({ bytes });
      return message && storedFromApi(message);
    },
    close: () => nc.close(),
  };
}

/** Returns how to wait for an answer that never comes when the connection goes meanwhile. */
function watchConnection(nc: NatsConnection): <T>(answer: Promise<T>) => Promise<T> {
  const waiting = new Set<(error: Error) => void>();
  void (async () => {
    for await (const { type } of nc.status())
      if (type === "disconnect") for (const lose of waiting) lose(new Error("the connection was lost"));
  })();
  return async (answer) => {
    const lost = Promise.withResolvers<never>();
    waiting.add(lost.reject);
    try {
      return await Promise.race([answer, lost.promise]);
    } finally {
      waiting.delete(lost.reject);
    }
  };
}

/** Everything that a direct get finds, in stream order. */
function directGet(nc: NatsConnection, stream: string, query: Record<string, unknown>): Promise<Stored[]> {
  const isBatch = query["batch"] !== undefined;
  return new Promise((resolve, reject) => {
    const found: Stored[] = [];
    const inbox = createInbox();
    const late = setTimeout(() => done(new Error(`no answer from ${stream}`)), ASK_WITHIN_MS);
    const subscription = nc.subscribe(inbox, {
      callback: (_, message) => {
        const stored = storedMessage(message);
        if (stored) found.push(stored);
        const status = message.headers?.code ?? 0;
        const isOver = stored === undefined || !isBatch;
        if (isOver)
          done(stored || NO_MORE.has(status) ? undefined : new Error(`${stream} answers ${status}`));
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
}

function blockOf(headers: Headers): MsgHdrs {
  const block = newHeaders();
  for (const [name, value] of Object.entries(headers)) block.append(name, value);
  return block;
}

function textOf(payload: unknown): Payload {
  return typeof payload === "string" || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
}
