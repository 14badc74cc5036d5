import { z } from "zod";
import type { Bus } from "../shared/bus/connect.ts";
import { publish } from "../shared/bus/publish.ts";
import { GenesisError } from "../shared/contract/errors.ts";
import { errorShape } from "../shared/contract/events.ts";
import { HEADER } from "../shared/contract/headers.ts";
import { parseJson } from "../shared/contract/json.ts";
import { parseWith } from "../shared/contract/validate.ts";
import type { StoredLetter } from "./dead-letters.ts";
import { errorText } from "./render/run.ts";
import { oneLine } from "./render/text.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** What became of a dead letter that was to be handled again. */
export type Redriven =
  | { id: string; done: true; how: "published again"; sequence: number }
  /** `stored`: how many facts its run has more than before. */
  | { id: string; done: true; how: "handled again"; service: string; stored: number }
  | { id: string; done: false; reason: string };

const redriven = z.object({ stored: z.int().min(0) });

/**
 * Has a dead letter handled again: an inbox message is published anew, for a fact of the log its service is told where it
 * stands. Where it goes is never taken from the letter's own text. The letter stays where it is.
 */
export async function redrive(bus: Bus, letter: StoredLetter): Promise<Redriven> {
  if (letter.stream === bus.names.inbox) return publishAgain(bus, letter);
  if (letter.stream === bus.names.log) return askService(bus, letter);
  return failed(letter, `it came from ${oneLine(letter.stream)}, where nothing can be handled again`);
}

async function publishAgain({ requests, subjects }: Bus, letter: StoredLetter): Promise<Redriven> {
  const headers = headersAgain(letter);
  if (headers === undefined)
    return failed(letter, "it has a header twice, and cannot be sent like that; submit it anew");
  const bytes = Buffer.from(letter.bytes, "base64");
  const answer = await publish(requests, { subject: subjects.tasks, bytes, headers });
  if (answer.kind !== "stored") return failed(letter, "the broker did not store it");
  return { id: letter.id, done: true, how: "published again", sequence: answer.seq };
}

/** The message's own headers without the broker's, with the same correlation id and the dead letter as the cause. */
export function headersAgain({
  id,
  headers,
  correlationId,
  traceparent,
}: StoredLetter): Record<string, string> | undefined {
  const own = Object.entries(headers).filter(([name]) => !name.toLowerCase().startsWith("nats-"));
  if (own.some(([, values]) => values.length !== 1)) return undefined;
  return {
    ...(correlationId !== undefined && { [HEADER.correlationId]: correlationId }),
    ...(traceparent !== undefined && { [HEADER.traceparent]: traceparent }),
    ...Object.fromEntries(own.map(([name, [value = ""]]) => [name, value])),
    [HEADER.causationId]: id,
  };
}

async function askService({ requests, subjects, names }: Bus, letter: StoredLetter): Promise<Redriven> {
  const { id, service, sequence } = letter;
  try {
    const payload = JSON.stringify({ stream: names.log, sequence });
    const reply = await requests.one({
      subject: subjects.redrive(service),
      payload,
      headers: causeOf(letter),
    });
    const answer = parseJson(reply.data);
    const refusal = errorShape.safeParse(answer).data;
    if (refusal) return failed(letter, errorText(refusal));
    const { stored } = parseWith(redriven, answer);
    return { id, done: true, how: "handled again", service, stored };
  } catch (error) {
    if (!(error instanceof GenesisError)) throw error;
    return failed(
      letter,
      `${oneLine(service)} gave no answer: it does not run (${GENESIS} doctor), or is still at work`,
    );
  }
}

function causeOf({ id, correlationId }: StoredLetter): Record<string, string> {
  return {
    [HEADER.contentType]: "application/json",
    [HEADER.causationId]: id,
    ...(correlationId !== undefined && { [HEADER.correlationId]: correlationId }),
  };
}

function failed({ id }: StoredLetter, reason: string): Redriven {
  return { id, done: false, reason };
}
