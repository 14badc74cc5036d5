import { Svcm, type ServiceMsg } from "@nats-io/services";
import type { Msg } from "@nats-io/nats-core";
import { GenesisError, asGenesisError, type ErrorCode } from "../contract/errors.ts";
import type { HeaderValues } from "../contract/headers.ts";
import { measureProcessing } from "../telemetry/message-metrics.ts";
import { spanContextOf } from "../telemetry/trace-context.ts";
import type { BusContext, Work } from "./context.ts";
import type { Delivery } from "./delivery.ts";
import { headerBlockOf } from "./header-block.ts";
import { queueWaitMsOf } from "./processed.ts";
import { receive } from "./receive.ts";

/** What came in at a door. */
export type Arrival = {
  bytes: Uint8Array;
  headers: HeaderValues;
  /** The broker's time for an inbox message, this process's for a request; milliseconds since the epoch. */
  receivedAtMs: number;
  /** Where it stood in the inbox; absent for a request. */
  inbox?: { sequence: number; storedAtNs: string; queueWaitMs: number };
};

/** What whoever asked at the door is told. */
export type Accepted = { run: string; correlationId: string; traceId: string };

/** What came of an arrival. */
export type Taken = {
  accepted: Accepted;
  /** The context (`traceparent`) of the root of its run's trace, where this arrival began the run. */
  root?: string | undefined;
};

/**
 * Takes an arrival in: when it returns, the task is on disk. @throws GenesisError with the reason for which it is
 * refused
 */
export type Accept = (arrival: Arrival) => Promise<Taken>;

const BATCH = 64;
/** Requests that are answered at a time; more are told to come back. */
const MAX_REQUESTS = 256;
const VERSION = "1.0.0";

/** Opens both ways in: the inbox, where anyone leaves a task, and the service that answers at once. */
export async function openDoors(ctx: BusContext, accept: Accept): Promise<Work[]> {
  return [await openInbox(ctx, accept), await openService(ctx, accept)];
}

async function openInbox(ctx: BusContext, accept: Accept): Promise<Work> {
  const { work } = await receive(ctx, {
    source: { stream: "inbox", durable: "gateway", batch: BATCH },
    keyOf: ({ seq }) => String(seq),
    handle: async (delivery) => {
      const { consumer, deliveryCount } = delivery;
      const queueWaitMs = queueWaitMsOf(delivery);
      const handled = { template: ctx.bus.subjects.tasks, consumer, deliveryCount, queueWaitMs };
      await measureProcessing(handled, async () => accept(arrivalOf(delivery, queueWaitMs)), rootOf);
      delivery.ack();
    },
  });
  return work;
}

/** A door has no span: what it measures leads to the root of the run that it began. */
const rootOf = ({ root }: Taken) => spanContextOf({ traceparent: root });

function arrivalOf(delivery: Delivery, queueWaitMs: number): Arrival {
  const { bytes, headers, isWellFormed, seq: sequence, storedAtMs, storedAtNs } = delivery;
  if (!isWellFormed) throw malformedHeaders();
  return { bytes, headers, receivedAtMs: storedAtMs, inbox: { sequence, storedAtNs, queueWaitMs } };
}

async function openService({ bus, log }: BusContext, accept: Accept): Promise<Work> {
  const service = await new Svcm(bus.nc).add({
    name: `${bus.subjects.prefix}-gateway`,
    version: VERSION,
    description: "Takes tasks in",
    queue: "gateway",
  });
  const asked = { template: bus.subjects.submit, consumer: "gateway", deliveryCount: 1 };
  let inHand = 0;
  const onIdle: (() => void)[] = [];
  const answer = async (message: ServiceMsg): Promise<void> => {
    inHand++;
    try {
      const take = async (): Promise<Taken> => {
        if (inHand > MAX_REQUESTS) throw new GenesisError("E_OVERLOAD");
        return accept(requestOf(message));
      };
      const { accepted } = await measureProcessing(asked, take, rootOf);
      message.respond(JSON.stringify(accepted));
    } catch (thrown) {
      const error = asGenesisError(thrown);
      if (error.code === "E_INTERNAL")
        log.error({ event: "submit_failed", code: error.code, err: error }, "request failed");
      message.respondError(statusOf(error.code), error.code, JSON.stringify(error));
    } finally {
      inHand--;
      if (inHand === 0) for (const resolve of onIdle.splice(0)) resolve();
    }
  };
  service.addEndpoint("submit", {
    subject: bus.subjects.submit,
    handler: (error, message) => {
      if (error === null) void answer(message);
    },
  });
  return {
    ended: service.stopped.then((error) => {
      if (error) throw error;
    }),
    drain: async () => {
      await service.stop();
      if (inHand > 0) await new Promise<void>((resolve) => onIdle.push(resolve));
    },
  };
}

function requestOf(message: ServiceMsg): Arrival {
  const { msg } = message as unknown as { msg: Msg };
  const { values, isWellFormed } = headerBlockOf(msg);
  if (!isWellFormed) throw malformedHeaders();
  return { bytes: message.data, headers: values, receivedAtMs: Date.now() };
}

function malformedHeaders(): GenesisError {
  return new GenesisError("E_HEADER", [{ path: "headers", rule: "lines of name: value" }]);
}

/** The status of an error for clients that know the NATS services protocol: in the manner of HTTP. */
function statusOf(code: ErrorCode): number {
  if (code === "E_INTERNAL") return 500;
  if (code === "E_OVERLOAD" || code === "E_STORAGE") return 503;
  return code === "E_CONFLICT" ? 409 : 400;
}
