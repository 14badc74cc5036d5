import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome } from "./audited-end.ts";
import type { ForeignClient, PubAck } from "./foreign-client.ts";
import { bodyOf, runOfKey } from "./stored-message.ts";

/** Tasks of every course, in turn, and what each must come to whatever is killed meanwhile. */
const COURSES: readonly { task: Record<string, unknown>; outcome: Outcome }[] = [
  { task: { goal: "take a course", taskType: "flow_work" }, outcome: "completed" },
  { task: { goal: "take a course", taskType: "flow_chain" }, outcome: "completed" },
  { task: { goal: "take a course", taskType: "flow_retry", priority: "high" }, outcome: "completed" },
  { task: { goal: "take a course", taskType: "flow_fail" }, outcome: "failed" },
  { task: { goal: "take a course", taskType: "flow_skip", priority: "low" }, outcome: "completed" },
  { task: { goal: "say hello" }, outcome: "completed" },
];

const TRY_FOR_MS = 30_000;
const TRY_AGAIN_MS = 50;
const POLL_MS = 100;
const ANNOUNCED_WITHIN_MS = 30_000;

/**
 * Leaves tasks in the inbox, each with a key of its own, and again until the broker says that it is safe: what a client does
 * that wants its task done once. @returns their runs, and what they must come to
 */
export async function submitMany(
  client: ForeignClient,
  prefix: string,
  count: number,
): Promise<Map<string, readonly Outcome[]>> {
  const keys = Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const runs = keys.map(async (key, i) => {
    const { task, outcome } = COURSES[i % COURSES.length]!;
    await untilStored(() => client.task(task, { "idempotency-key": key }));
    return [runOfKey(key), [outcome]] as const;
  });
  return new Map(await Promise.all(runs));
}

async function untilStored(publish: () => Promise<PubAck>): Promise<void> {
  const until = performance.now() + TRY_FOR_MS;
  for (;;) {
    const answer = await publish().catch(() => undefined);
    if (answer !== undefined && answer.error === undefined) return;
    if (performance.now() > until) throw new Error("the broker does not take the task");
    await sleep(TRY_AGAIN_MS);
  }
}

/** Waits until every run has its end in the log. @throws Error after the time, with the runs that have none */
export async function allFinished(
  client: ForeignClient,
  runs: Iterable<string>,
  withinMs: number,
): Promise<void> {
  const open = new Set(runs);
  const until = performance.now() + withinMs;
  for (let from = 1; open.size > 0; await sleep(POLL_MS)) {
    const ends = await client.readAll("GENESIS", "genesis.v1.run.finished.>", from).catch(() => []);
    for (const { subject } of ends) open.delete(subject.split(".")[4]!);
    from = (ends.at(-1)?.seq ?? from - 1) + 1;
    if (open.size > 0 && performance.now() > until)
      throw new Error(`${open.size} runs have no end after ${withinMs} ms: ${[...open].slice(0, 5).join()}`);
  }
}

/**
 * Resolves with the `count`th message on a subject: the broker hands it on before it has stored it, so whoever is killed now is
 * killed in the middle. @throws Error when there are not as many within 30 s
 */
export function announced(client: ForeignClient, filter: string, count = 1): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count;
    const late = setTimeout(
      () => done(new Error(`${left} messages on ${filter} are missing`)),
      ANNOUNCED_WITHIN_MS,
    );
    const subscription = client.nc.subscribe(filter, {
      callback: () => {
        if (--left === 0) done();
      },
    });
    const done = (error?: Error): void => {
      clearTimeout(late);
      subscription.unsubscribe();
      if (error) reject(error);
      else resolve();
    };
  });
}

/** How many messages a durable has handed out that are not acknowledged yet. */
export async function inHandOf(client: ForeignClient, durable: string): Promise<number> {
  const consumers = await consumersOf(client, "GENESIS");
  return consumers.find(({ name }) => name === durable)?.num_ack_pending ?? 0;
}

/** Whether every message of the log and the inbox has been handled and acknowledged; by one durable, where it is named. */
export async function isAllHandled(client: ForeignClient, durable?: string): Promise<boolean> {
  const streams = ["GENESIS", "GENESIS_INBOX"].map((stream) => consumersOf(client, stream));
  const consumers = (await Promise.all(streams)).flat();
  return consumers
    .filter(({ name }) => durable === undefined || name === durable)
    .every(({ num_pending, num_ack_pending }) => num_pending + num_ack_pending === 0);
}

/**
 * Has messages come again sooner than after the 30 s of the shipped consumers: what a killed process had in hand is waited for
 * at every kill, and how long is no part of what is tested. @param isMeant of every durable, if not given
 */
export async function shortenAckWait(
  client: ForeignClient,
  seconds: number,
  isMeant: (durable: string) => boolean = () => true,
): Promise<void> {
  for (const stream of ["GENESIS", "GENESIS_INBOX", "GENESIS_TIMERS"]) {
    const consumers = await consumersOf(client, stream);
    for (const { name, config } of consumers.filter((one) => isMeant(one.name))) {
      const update = {
        stream_name: stream,
        action: "update",
        config: { ...config, ack_wait: seconds * 1e9 },
      };
      const bytes = await client.ask(`$JS.API.CONSUMER.CREATE.${stream}.${name}`, JSON.stringify(update));
      const { error } = bodyOf<{ error?: object }>({ bytes });
      if (error) throw new Error(`${name}: ${JSON.stringify(error)}`);
    }
  }
}

type Consumer = {
  name: string;
  config: Record<string, unknown>;
  num_pending: number;
  num_ack_pending: number;
  num_redelivered: number;
};

async function consumersOf(client: ForeignClient, stream: string): Promise<Consumer[]> {
  const bytes = await client.ask(`$JS.API.CONSUMER.LIST.${stream}`, "{}");
  return bodyOf<{ consumers: Consumer[] }>({ bytes }).consumers;
}
