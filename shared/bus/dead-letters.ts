import type { GenesisError } from "../contract/errors.ts";
import { HEADER, type HeaderValues } from "../contract/headers.ts";
import { sha256 } from "../contract/plan-hash.ts";
import { publishSpan } from "../telemetry/messaging.ts";
import { record } from "../telemetry/metrics.ts";
import type { BusContext } from "./context.ts";
import type { StoredMessage } from "./direct-get.ts";
import { correlationIdIn } from "./processed.ts";
import { isWrongSequence, publish, storageError } from "./publish.ts";

/** A message that could not be read or handled, byte for byte, with its reason. */
export type DeadLetter = {
  id: string;
  subject: string;
  stream: string;
  sequence: number;
  headers: Record<string, string[]>;
  /** The exact payload in base64. */
  bytes: string;
  code: string;
  reason: string;
  service: string;
  time: string;
};

const REASON_MAX = 1024;

/**
 * The id of a dead letter: the same message refused for the same reason is one dead letter, however often it is
 * delivered.
 */
export function deadLetterId({ stream, seq, storedAtNs }: StoredMessage, code: string): string {
  return sha256(`${stream}|${seq}|${storedAtNs}|${code}`).slice(0, 32);
}

/**
 * Stores a message in the dead letters, once. Only when this has returned may the message itself be settled.
 * @throws GenesisError `E_STORAGE` when it cannot be stored
 */
export async function storeDeadLetter(
  ctx: BusContext,
  message: StoredMessage,
  error: GenesisError,
): Promise<void> {
  const { subjects, names, requests } = ctx.bus;
  const letter = letterOf(ctx.name, message, error);
  const subject = subjects.deadLetter(ctx.name, letter.code, letter.id);
  const bytes = new TextEncoder().encode(JSON.stringify(letter));
  const correlationId = await conversationOf(ctx, message);
  const published = {
    template: subjects.template(subject),
    stream: names.dlq,
    messageId: letter.id,
    correlationId,
    bytes: bytes.length,
    run: undefined,
  };
  await publishSpan(published, async (trace) => {
    const headers = {
      ...trace,
      [HEADER.contentType]: "application/json",
      ...(correlationId !== undefined && { [HEADER.correlationId]: correlationId }),
      "Nats-Expected-Last-Subject-Sequence": "0",
    };
    const answer = await publish(requests, { subject, bytes, headers });
    // Whoever delivered the message before has written it already.
    if (answer.kind !== "stored" && !isWrongSequence(answer)) throw storageError("stores the dead letter");
    if (answer.kind !== "stored") return;
    record("deadLetters", { code: letter.code });
    const about = { stream: message.stream, subject: subjects.template(message.subject), seq: message.seq };
    ctx.log.warn({ event: "dead_letter", ...about, code: letter.code, err: error }, "message given up");
  });
}

function letterOf(service: string, message: StoredMessage, error: GenesisError): DeadLetter {
  const { subject, stream, seq, headers, bytes } = message;
  return {
    id: deadLetterId(message, error.code),
    subject,
    stream,
    sequence: seq,
    headers: plainHeaders(headers),
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"),
    code: error.code,
    reason: error.message.slice(0, REASON_MAX),
    service,
    time: new Date().toISOString(),
  };
}

/** An object of arrays, without a prototype that a header's name could reach. */
function plainHeaders(headers: HeaderValues): Record<string, string[]> {
  const plain: Record<string, string[]> = Object.create(null);
  for (const [name, values] of headers) plain[name] = [...values];
  return plain;
}

/** The correlation id of the run that a message belongs to, whatever it says itself; else the one that it says. */
async function conversationOf({ bus }: BusContext, message: StoredMessage): Promise<string | undefined> {
  const { subjects, log, names } = bus;
  const run = message.stream === names.log ? subjects.runOf(message.subject) : undefined;
  const task = run === undefined ? undefined : await log.read(subjects.fact("task.submitted", run, "once"));
  return task?.event?.correlationId ?? correlationIdIn(message.headers);
}
