import { GenesisError } from "../contract/errors.ts";
import type { Requests } from "./requests.ts";

/** What became of a message that a stream was asked to store. */
export type Answer =
  | { kind: "stored"; seq: number }
  /** The broker dropped it because of its `Nats-Msg-Id`, which another subject may have used. */
  | { kind: "duplicate" }
  | { kind: "refused"; code: number }
  /** No answer: it may be stored or not. */
  | { kind: "unknown" };

export type Message = { subject: string; bytes: Uint8Array | string; headers: Record<string, string> };

/** The broker's codes for an expectation that does not hold. */
const WRONG_LAST_SEQUENCE = new Set([10071, 10164]);

/** Whether a message was refused because its expected last sequence is not the last. */
export function isWrongSequence(answer: Answer): boolean {
  return answer.kind === "refused" && WRONG_LAST_SEQUENCE.has(answer.code);
}

/** Asks a stream to store a message and waits for its word. @throws what only a bug does, such as an impossible header */
export async function publish(requests: Requests, { subject, bytes, headers }: Message): Promise<Answer> {
  try {
    const { data } = await requests.one({ subject, payload: bytes, headers });
    return answerOf(JSON.parse(Buffer.from(data).toString()));
  } catch (error) {
    // Whatever answered that was no JSON, it was not the stream.
    if (isStorageError(error) || error instanceof SyntaxError) return { kind: "unknown" };
    throw error;
  }
}

function answerOf(reply: { seq?: number; duplicate?: boolean; error?: { err_code: number } }): Answer {
  if (reply.error !== undefined) return { kind: "refused", code: reply.error.err_code };
  if (reply.duplicate === true) return { kind: "duplicate" };
  return reply.seq === undefined ? { kind: "unknown" } : { kind: "stored", seq: reply.seq };
}

/** The error of a message that could not be stored, or not be read. */
export function storageError(rule: string, cause?: unknown): GenesisError {
  return new GenesisError("E_STORAGE", [{ path: "broker", rule }], { cause });
}

/** Whether an error says that the broker is away or refuses, and so that it passes. */
export function isStorageError(error: unknown): boolean {
  return error instanceof GenesisError && error.code === "E_STORAGE";
}
