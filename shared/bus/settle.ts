import { GenesisError, asGenesisError } from "../contract/errors.ts";
import type { BusContext } from "./context.ts";
import { afterMessage } from "../telemetry/messaging.ts";
import { storeDeadLetter } from "./dead-letters.ts";
import type { Delivery } from "./delivery.ts";
import { correlationIdIn, traceHeadersIn } from "./processed.ts";

/** How long a message rests before it comes again: after its first, second, and every further time. */
const REST_MS = [1000, 5000, 25_000];
/** A message whose handling fails this often in a way that nobody foresaw is given up. */
const MAX_BUGS = 4;

/**
 * Whether an error is not the message's fault and passes by itself: then the message is kept, for as long as it
 * takes.
 */
export function isPassing({ code }: GenesisError): boolean {
  return code === "E_STORAGE" || code === "E_OVERLOAD";
}

/** How long a message rests after this many times, in milliseconds. */
export function restMs(times: number): number {
  return REST_MS[Math.min(times, REST_MS.length) - 1] ?? REST_MS[0]!;
}

/** Gives a message up: first it is safe in the dead letters, then it is settled. @throws GenesisError `E_STORAGE` */
export async function giveUp(ctx: BusContext, delivery: Delivery, error: GenesisError): Promise<void> {
  await storeDeadLetter(ctx, delivery, error);
  ctx.bus.bugs.forget(delivery);
  delivery.term(error.code);
}

/**
 * Settles a message whose handling failed. What passes by itself (`E_STORAGE`, `E_OVERLOAD`) is tried again for ever,
 * a bug (`E_INTERNAL`) four times; anything else is about the message and goes to the dead letters at once. Never
 * throws.
 */
export function settleFailure(ctx: BusContext, delivery: Delivery, thrown: unknown): Promise<void> {
  const { headers, subject } = delivery;
  const correlationId = correlationIdIn(headers);
  const message = { ...traceHeadersIn(headers), correlationId, run: ctx.bus.subjects.runOf(subject) };
  return afterMessage(message, () => settle(ctx, delivery, thrown));
}

async function settle(ctx: BusContext, delivery: Delivery, thrown: unknown): Promise<void> {
  const error = asGenesisError(thrown);
  const isBug = error.code === "E_INTERNAL";
  const times = isBug ? ctx.bus.bugs.count(delivery) : delivery.deliveryCount;
  const isTriedAgain = isPassing(error) || (isBug && times < MAX_BUGS);
  if (!isTriedAgain) {
    const stored = await giveUp(ctx, delivery, error).then(
      () => true,
      () => false,
    );
    if (stored) return;
  }
  const level = isBug ? "error" : "warn";
  const fields = { event: "retry_later", ...about(ctx, delivery), code: error.code, err: error } as const;
  ctx.log[level](fields, "message not handled");
  delivery.nak(restMs(times));
}

function about({ bus }: BusContext, { stream, consumer, subject, seq, deliveryCount }: Delivery) {
  return { stream, consumer, subject: bus.subjects.template(subject), seq, deliveries: deliveryCount };
}
