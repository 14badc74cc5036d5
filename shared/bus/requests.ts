import {
  ClosedConnectionError,
  createInbox,
  DrainingConnectionError,
  headers as newHeaders,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
} from "@nats-io/nats-core";
import { headerBlockOf, type HeaderBlock } from "./header-block.ts";
import { storageError } from "./publish.ts";

/** One message of an answer. */
export type Reply = HeaderBlock & { data: Uint8Array };

/** Takes one reply; true when it was the last. */
export type OnReply = (reply: Reply) => boolean;

export type Question = { subject: string; payload: Uint8Array | string; headers?: Record<string, string> };

/** Asks the broker, without letting the client library parse the headers of what it answers (see `headerBlockOf`). */
export type Requests = {
  /**
   * Sends one message and waits for its one reply. @throws GenesisError `E_STORAGE` when none comes or the connection
   * is lost
   */
  one: (question: Question) => Promise<Reply>;
  /**
   * Sends one message and hands over replies until `onReply` says that one was the last. @throws GenesisError
   * `E_STORAGE`
   */
  many: (question: Question, onReply: OnReply) => Promise<void>;
  /** Whether anything can be asked now. */
  isOpen: () => boolean;
  /** Ends every request that waits: nobody will answer what went to a broker that is gone. */
  failAll: () => void;
};

type Waiting = { onReply: OnReply; done: () => void; failed: (error: unknown) => void };

const REPLY_WITHIN_MS = 5000;
const NO_RESPONDERS = 503;

/**
 * Opens the one subscription on which the answers of a connection arrive. Nothing is sent while it is not connected:
 * the client would keep it and send it later, when whoever asked has long asked again.
 */
export function openRequests(nc: NatsConnection, isConnected: () => boolean): Requests {
  const waiting = new Map<string, Waiting>();
  const inbox = `${createInbox()}.`;
  let last = 0;

  nc.subscribe(`${inbox}*`, {
    callback: (error, message) => {
      if (error !== null) return;
      const asked = waiting.get(message.subject.slice(inbox.length));
      if (asked !== undefined) take(asked, message);
    },
  });

  const many = async (question: Question, onReply: OnReply): Promise<void> => {
    if (!isConnected()) throw storageError("the connection is lost");
    const token = String(++last);
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((done, failed) => {
        waiting.set(token, { onReply, done, failed });
        timer = setTimeout(() => failed(storageError("no answer in time")), REPLY_WITHIN_MS);
        send(nc, question, inbox + token);
      });
    } finally {
      clearTimeout(timer);
      waiting.delete(token);
    }
  };

  return {
    many,
    isOpen: isConnected,
    one: async (question) => {
      let answer: Reply | undefined;
      await many(question, (reply) => {
        answer = reply;
        return true;
      });
      return answer!;
    },
    failAll: () => {
      for (const { failed } of waiting.values()) failed(storageError("the connection was lost"));
    },
  };
}

function send(nc: NatsConnection, { subject, payload, headers }: Question, reply: string): void {
  try {
    nc.publish(subject, payload, { reply, ...(headers && { headers: headersOf(headers) }) });
  } catch (error) {
    const isClosed = error instanceof ClosedConnectionError || error instanceof DrainingConnectionError;
    throw isClosed ? storageError("the connection is closed", error) : error;
  }
}

function take(asked: Waiting, message: Msg): void {
  try {
    const { data } = message;
    const block = headerBlockOf(message);
    if (block.status === NO_RESPONDERS && data.length === 0) asked.failed(storageError("nobody answers"));
    else if (asked.onReply({ ...block, data })) asked.done();
  } catch (error) {
    // An error that left this callback would end the reading of the whole connection.
    asked.failed(error);
  }
}

/** Headers for the client library, which refuses line breaks in them. */
export function headersOf(values: Record<string, string>): MsgHdrs {
  const block = newHeaders();
  for (const [name, value] of Object.entries(values)) block.append(name, value);
  return block;
}
