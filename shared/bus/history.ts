import type { History } from "../contract/decider.ts";
import type { StoredEvent } from "../contract/events.ts";
import type { Subjects } from "../contract/subjects.ts";
import { readBatch, readOne, type Page, type Query, type StoredMessage } from "./direct-get.ts";
import { factOf, type Fact } from "./fact.ts";
import type { Requests } from "./requests.ts";

/** A history, or the part of one after a sequence. `lastSeq` is that sequence where nothing came after it. */
export type HistoryRead = History & {
  /** The size of what was read: the messages' bodies. */
  bytes: number;
};

/**
 * `after`: the sequence after which to read. `known`: an event that a consumer handed over, so that it is not decoded
 * twice.
 */
export type HistoryOptions = { after?: number; known?: StoredEvent | undefined };

export type HistoryReader = (run: string, options?: HistoryOptions) => Promise<HistoryRead>;

/** As many as the broker lists at once. */
const PAGE = 1024;

/**
 * Reads runs out of the log. One direct get usually does: since every subject holds one message, the last of each
 * subject is all there is. The broker lists at most 1,024 subjects that way, however far on it is asked to begin; a
 * longer run is read by walking the log on from the run's first event, which is slower but has no limit.
 */
export function historyReader(requests: Requests, stream: string, subjects: Subjects): HistoryReader {
  const readPages = async (
    from: number,
    query: (seq: number) => Query,
  ): Promise<StoredMessage[] | undefined> => {
    const messages: StoredMessage[] = [];
    let page: Page | undefined;
    do {
      page = await readBatch(requests, stream, query(messages.length ? messages.at(-1)!.seq + 1 : from));
      messages.push(...(page?.messages ?? []));
    } while (page !== undefined && page.pending > 0);
    return page && messages;
  };

  const walk = async (run: string, from: number): Promise<StoredMessage[]> => {
    const submitted = subjects.fact("task.submitted", run, "once");
    const first = await readOne(requests, stream, { last_by_subj: submitted });
    const filter = subjects.history(run);
    const query = (seq: number): Query => ({ next_by_subj: filter, seq, batch: PAGE });
    return (await readPages(Math.max(from, first?.seq ?? 1), query)) ?? [];
  };

  return async (run, { after = 0, known } = {}) => {
    const filter = subjects.history(run);
    const from = after + 1;
    const listed = await readPages(from, (seq) => ({ multi_last: [filter], seq, batch: PAGE }));
    const messages = listed ?? (await walk(run, from));
    const facts = messages.map((message): Fact =>
      message.seq === known?.seq ? { ...message, event: known } : factOf(subjects, message),
    );
    return {
      run,
      events: facts.flatMap(({ event }) => event ?? []),
      unreadable: facts.flatMap(({ unreadable }) => unreadable ?? []),
      lastSeq: messages.at(-1)?.seq ?? after,
      bytes: messages.reduce((sum, { bytes }) => sum + bytes.length, 0),
    };
  };
}
