import type { JetStreamManager } from "@nats-io/jetstream";
import type { EventType, StoredEvent } from "../contract/events.ts";
import { appender, type Appender, type Stream } from "./append.ts";
import { readBatch, readOne, type Query, type StoredMessage } from "./direct-get.ts";
import { factOf, type Fact } from "./fact.ts";
import { historyReader, type HistoryReader } from "./history.ts";
import { storageError } from "./publish.ts";

/**
 * Where to read facts of one type from: a sequence, or a time in milliseconds since the epoch; and how many at most.
 */
export type ScanOptions = { fromSeq?: number; sinceMs?: number; max: number };

/** Facts of one type, oldest first, and the sequence from which to go on; undefined at the end of the log. */
export type Scan<T extends EventType> = { events: StoredEvent<T>[]; nextSeq: number | undefined };

export type LogInfo = { bytes: number; maxBytes: number; messages: number; lastSeq: number };

/** The log of a cell. Everything throws GenesisError `E_STORAGE` when the broker does not answer. */
export type Log = {
  append: Appender;
  /** What stands on a subject. */
  read: (subject: string) => Promise<Fact | undefined>;
  /** What stands on a subject, as it was stored. */
  readStored: (subject: string) => Promise<StoredMessage | undefined>;
  /** The last fact of each subject that a filter matches, at most 500 of them. */
  readLast: (filters: string[]) => Promise<Fact[]>;
  history: HistoryReader;
  /** The readable facts of one type, of every run. */
  scan: <T extends EventType>(type: T, options: ScanOptions) => Promise<Scan<T>>;
  info: () => Promise<LogInfo>;
};

const MAX_LISTED = 500;

/** The log, over an open connection. */
export function openLog(stream: Stream, jsm: JetStreamManager): Log {
  const { requests, name, subjects } = stream;

  const readStored = (subject: string) => readOne(requests, name, { last_by_subj: subject });

  const read = async (subject: string): Promise<Fact | undefined> => {
    const message = await readStored(subject);
    return message && factOf(subjects, message);
  };

  const readLast = async (filters: string[]): Promise<Fact[]> => {
    const page = await readBatch(requests, name, { multi_last: filters, batch: MAX_LISTED });
    return page?.messages.map((message) => factOf(subjects, message)) ?? [];
  };

  const scan = async <T extends EventType>(
    type: T,
    { fromSeq, sinceMs, max }: ScanOptions,
  ): Promise<Scan<T>> => {
    const filter = { next_by_subj: subjects.allOf(type), batch: max };
    const query: Query =
      sinceMs === undefined
        ? { ...filter, seq: fromSeq ?? 1 }
        : { ...filter, start_time: new Date(sinceMs).toISOString() };
    const { messages = [], pending = 0 } = (await readBatch(requests, name, query)) ?? {};
    const events = messages.flatMap((message) => factOf(subjects, message).event ?? []);
    return {
      events: events as StoredEvent<T>[],
      nextSeq: pending > 0 ? messages.at(-1)!.seq + 1 : undefined,
    };
  };

  const info = async (): Promise<LogInfo> => {
    const { state, config } = await jsm.streams.info(name).catch((error: unknown) => {
      throw storageError("tells the state of the log", error);
    });
    return {
      bytes: state.bytes,
      maxBytes: config.max_bytes,
      messages: state.messages,
      lastSeq: state.last_seq,
    };
  };

  const append = appender(stream, { read, readLast });
  const history = historyReader(requests, name, subjects);
  return { append, read, readStored, readLast, history, scan, info };
}
