import assert from "node:assert/strict";
import { eventually } from "./eventually.ts";
import type { ForeignClient } from "./foreign-client.ts";
import { bodyOf, hex32, type Stored } from "./stored-message.ts";

type Record_ = {
  id: string;
  subject: string;
  stream: string;
  sequence: number;
  headers: Record<string, string[]>;
  bytes: string;
  code: string;
  reason: string;
  service: string;
  time: string;
};

/** The dead letters of a stored message, once there is one. */
export async function deadLettersOf(
  client: ForeignClient,
  stream: string,
  { seq }: Pick<Stored, "seq">,
): Promise<Stored[]> {
  return eventually(async () => {
    const own = (await client.deadLetters()).filter((letter) => {
      const record = bodyOf<Record_>(letter);
      return record.stream === stream && record.sequence === seq;
    });
    return own.length > 0 && own;
  });
}

/**
 * Sees that a message has one dead letter, which is as the contract says: its id, subject and headers, and the original byte for
 * byte. @param code what was wrong with it @param service who gave it up
 */
export async function assertDeadLetter(
  client: ForeignClient,
  { stream, original, code, service }: { stream: string; original: Stored; code: string; service: string },
): Promise<void> {
  const [letter, ...more] = await deadLettersOf(client, stream, original);
  assert.equal(more.length, 0, "one dead letter");
  const { reason, time, ...record } = bodyOf<Record_>(letter!);
  const id = hex32(`${stream}|${original.seq}|${original.storedAtNs}|${code}`);
  assert.deepEqual(record, {
    id,
    subject: original.subject,
    stream,
    sequence: original.seq,
    headers: { ...original.headers },
    bytes: Buffer.from(original.bytes).toString("base64"),
    code,
    service,
  });
  assert.ok(reason.startsWith(code), reason);
  assert.ok(Math.abs(Date.parse(time) - Number(original.storedAtNs / 1_000_000n)) < 60_000);
  assert.equal(letter!.subject, `genesis.dlq.${service}.${code}.${id}`);
  assert.match(letter!.headers["traceparent"]!.join(), /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
}
