import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { setTimeout as sleep } from "node:timers/promises";
import type { StreamName } from "../contract/streams.ts";
import type { Bus } from "./connect.ts";
import { GENESIS } from "../contract/command.ts";

/** What a service binds to, and how long it waits for it. */
export type Needs = {
  streams: StreamName[];
  consumers: { stream: StreamName; durable: string }[];
  waitMs?: number;
};

/** Streams or consumers are missing. The message says which, and what makes them. */
export class SetupMissing extends Error {
  constructor(missing: string[], options?: ErrorOptions) {
    super(`missing on the broker: ${missing.join(", ")}; run "${GENESIS} setup"`, options);
    this.name = "SetupMissing";
  }
}

const WAIT_MS = 60_000;
const LOOK_AGAIN_MS = 250;

/**
 * Waits until the streams and consumers that a service binds to exist. @throws SetupMissing after `waitMs` (60 s by
 * default)
 */
export async function waitForSetup(bus: Bus, { streams, consumers, waitMs = WAIT_MS }: Needs): Promise<void> {
  const end = performance.now() + waitMs;
  for (;;) {
    const missing = await missingOf(bus, { streams, consumers });
    if (missing.length === 0) return;
    if (performance.now() > end) throw new SetupMissing(missing);
    await sleep(LOOK_AGAIN_MS);
  }
}

async function missingOf({ jsm, names }: Bus, { streams, consumers }: Needs): Promise<string[]> {
  const wanted = [
    ...streams.map((stream) => ({ name: names[stream], info: () => jsm.streams.info(names[stream]) })),
    ...consumers.map(({ stream, durable }) => ({
      name: durable,
      info: () => jsm.consumers.info(names[stream], durable),
    })),
  ];
  const found = await Promise.all(
    wanted.map(({ info }) => orUndefined<unknown>(info()).catch(() => undefined)),
  );
  return wanted.filter((_, i) => found[i] === undefined).map(({ name }) => name);
}

const ABSENT = new Set<number>([JetStreamApiCodes.StreamNotFound, JetStreamApiCodes.ConsumerNotFound]);

/** What a look-up on the broker finds, undefined where it says that there is none. Other errors are thrown on. */
export async function orUndefined<T>(lookUp: Promise<T>): Promise<T | undefined> {
  try {
    return await lookUp;
  } catch (error) {
    if (error instanceof JetStreamApiError && ABSENT.has(error.code)) return undefined;
    throw error;
  }
}
