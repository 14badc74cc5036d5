import { z } from "zod";
import type { Bus } from "../shared/bus/connect.ts";
import type { DeadLetter } from "../shared/bus/dead-letters.ts";
import { readBatch, type StoredMessage } from "../shared/bus/direct-get.ts";
import { HEADER, headerOf } from "../shared/contract/headers.ts";
import { parseJson } from "../shared/contract/json.ts";
import { CommandFailure } from "./failure.ts";
import { newest } from "./newest.ts";
import { shorten } from "./render/text.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** A dead letter as it stands in its stream. */
export type StoredLetter = DeadLetter & {
  /** Its own sequence in the dead letters. */
  seq: number;
  /** The user request that it belongs to, where one is known. */
  correlationId?: string;
  traceparent?: string;
};

const letter: z.ZodType<DeadLetter> = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  subject: z.string(),
  stream: z.string(),
  sequence: z.int().min(0),
  headers: z.record(z.string(), z.array(z.string())),
  bytes: z.base64(),
  code: z.string(),
  reason: z.string(),
  service: z.string(),
  time: z.string(),
});

const PAGE = 20;

/** The newest dead letters, newest first. Whatever else somebody wrote there is left out. */
export async function newestLetters(bus: Bus, limit: number): Promise<StoredLetter[]> {
  const { state } = await bus.jsm.streams.info(bus.names.dlq);
  return newest((seq) => readLetters(bus, seq), { lastSeq: state.last_seq, limit });
}

/** Every dead letter that stood when the reading began, oldest first. */
export async function* allLetters(bus: Bus): AsyncGenerator<StoredLetter> {
  const { state } = await bus.jsm.streams.info(bus.names.dlq);
  for (let from: number | undefined = 1; from !== undefined && from <= state.last_seq;) {
    const page: Awaited<ReturnType<typeof readLetters>> = await readLetters(bus, from);
    yield* page.items.filter(({ seq }) => seq <= state.last_seq);
    from = page.nextSeq;
  }
}

/** The dead letter that is meant by its id or a unique beginning of it. @throws CommandFailure for none or several */
export async function findLetter(bus: Bus, given: string): Promise<StoredLetter> {
  let found: StoredLetter | undefined;
  let count = 0;
  for await (const one of allLetters(bus)) {
    if (!one.id.startsWith(given)) continue;
    found = one;
    count += 1;
  }
  if (found === undefined)
    throw new CommandFailure(
      `no dead letter begins with "${shorten(given, 64)}"; ${GENESIS} dlq list lists them`,
    );
  if (count > 1)
    throw new CommandFailure(`"${given}" is the beginning of ${count} dead letters; give more of it`);
  return found;
}

async function readLetters(
  bus: Bus,
  seq: number,
): Promise<{ items: StoredLetter[]; nextSeq: number | undefined }> {
  const query = { next_by_subj: bus.subjects.dlqEverything, seq, batch: PAGE };
  const { messages = [], pending = 0 } = (await readBatch(bus.requests, bus.names.dlq, query)) ?? {};
  return {
    items: messages.flatMap((message) => letterOf(message) ?? []),
    nextSeq: pending > 0 ? messages.at(-1)!.seq + 1 : undefined,
  };
}

function letterOf({ seq, headers, bytes }: StoredMessage): StoredLetter | undefined {
  const read = letter.safeParse(parsed(bytes)).data;
  if (read === undefined) return undefined;
  const correlationId = headerOf(headers, HEADER.correlationId);
  const traceparent = headerOf(headers, HEADER.traceparent);
  return {
    ...read,
    seq,
    ...(correlationId !== undefined && { correlationId }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}
