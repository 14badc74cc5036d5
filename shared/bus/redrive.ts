import type { Msg } from "@nats-io/nats-core";
import { z } from "zod";
import { GenesisError, asGenesisError, type ErrorCode } from "../contract/errors.ts";
import { parseJson } from "../contract/json.ts";
import type { StreamName } from "../contract/streams.ts";
import { parseWith } from "../contract/validate.ts";
import type { BusContext, Work } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { readOne, type StoredMessage } from "./direct-get.ts";

/** What of a service can be handled again. */
export type Redrivable = {
  stream: StreamName;
  /** The durable by which a stored message comes to the service; undefined for one that it does not handle. */
  durableOf: (message: StoredMessage) => string | undefined;
  /** Handles a message as if it had been delivered just now; rejects when that fails. */
  handle: (delivery: Delivery) => Promise<void>;
};

const question = z.object({ stream: z.string().max(64), sequence: z.int().min(1) });

/**
 * Answers `<prefix>.redrive.<service>`: handles the stored message that is named once more, in the way of any other,
 * and replies `{"ok": true, "stored": n}`, with the number of facts that the run has more than before, or the error. None
 * says that all that follows from the message stood already. Whoever of the service's instances is asked does it.
 */
export function answerRedrives(ctx: BusContext, redrivable: Redrivable): Work {
  const { nc, subjects } = ctx.bus;
  const subscription = nc.subscribe(subjects.redrive(ctx.name), {
    queue: ctx.name,
    callback: (error, message) => {
      if (error === null) void answer(ctx, redrivable, message);
    },
  });
  return {
    drain: async () => subscription.unsubscribe(),
    ended: subscription.closed.then(() => {}),
  };
}

async function answer(ctx: BusContext, redrivable: Redrivable, message: Msg): Promise<void> {
  try {
    const stored = await redrive(ctx, redrivable, message.data);
    message.respond(JSON.stringify({ ok: true, stored }));
  } catch (error) {
    const shape = asGenesisError(error).toJSON();
    ctx.log.warn({ event: "redrive_failed", code: shape.code, err: error }, "redrive failed");
    message.respond(JSON.stringify(shape));
  }
}

async function redrive(
  { bus, name }: BusContext,
  redrivable: Redrivable,
  bytes: Uint8Array,
): Promise<number> {
  const { stream, sequence } = parseWith(question, parseJson(bytes));
  if (stream !== bus.names[redrivable.stream])
    throw new GenesisError("E_SCHEMA", [{ path: "stream", rule: bus.names[redrivable.stream] }]);
  const stored = await readOne(bus.requests, stream, { seq: sequence });
  const consumer = stored && redrivable.durableOf(stored);
  if (stored === undefined || consumer === undefined)
    throw new GenesisError("E_SCHEMA", [{ path: "sequence", rule: `a message that ${name} handles` }]);
  const { lastSeq } = await bus.log.info();
  let refusedWith: ErrorCode | undefined;
  await redrivable.handle({
    ...stored,
    consumer,
    deliveryCount: 1,
    isRedriven: true,
    ack: () => {},
    nak: () => {},
    working: () => {},
    term: (code) => {
      refusedWith = code as ErrorCode;
    },
  });
  if (refusedWith !== undefined) throw new GenesisError(refusedWith);
  const run = bus.subjects.runOf(stored.subject);
  if (run === undefined) return 0;
  const { events, unreadable } = await bus.log.history(run, { after: lastSeq });
  return events.length + unreadable.length;
}
