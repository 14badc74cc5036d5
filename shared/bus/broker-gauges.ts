import type { ConsumerInfo } from "@nats-io/jetstream";
import type { StreamName } from "../contract/streams.ts";
import { durableLabel } from "../telemetry/message-metrics.ts";
import { readGauges } from "../telemetry/metrics.ts";
import type { Point } from "../telemetry/names.ts";
import type { Bus } from "./connect.ts";

/**
 * What the broker is asked for when somebody looks at a service's metrics: its own durables, and of a gateway the
 * streams.
 */

/** A durable that this process takes from. */
type Durable = { stream: StreamName; durable: string };

/** The durables of every connection. */
const watched = new WeakMap<Bus, Durable[]>();
/** More durables than this are asked for in one list, with those of everybody else. */
const MAX_ASKED = 8;

/** Shows how much waits for a durable and how much it has handed out, from now on until the connection is closed. */
export function watchDurable(bus: Bus, durable: Durable): void {
  const known = watched.get(bus);
  if (known !== undefined) {
    known.push(durable);
    return;
  }
  const durables = [durable];
  watched.set(bus, durables);
  show(bus, async () => pendingOf(await infosOf(bus, durables)));
}

/** Shows whether a process is connected, from now on until the connection is closed; also of one that reads nothing. */
export function watchConnection(bus: Bus): void {
  show(bus, async () => [{ metric: "brokerHealthy", labels: {}, value: bus.isReady() ? 1 : 0 }]);
}

/** Shows the size of every stream, from now on until the connection is closed. */
export function watchStreams(bus: Bus): void {
  show(bus, async () =>
    (await Promise.all(Object.values(bus.names).map((name) => sizeOf(bus, name)))).flat(),
  );
}

/** What the broker does not answer is not there; that it does not, the gauge of its health tells. */
function show(bus: Bus, read: () => Promise<readonly Point[]>): void {
  const stop = readGauges(() => read().catch(() => []));
  void bus.closed.then(stop);
}

async function infosOf({ jsm, names }: Bus, durables: readonly Durable[]): Promise<ConsumerInfo[]> {
  if (durables.length <= MAX_ASKED)
    return Promise.all(durables.map(({ stream, durable }) => jsm.consumers.info(names[stream], durable)));
  const infos: ConsumerInfo[] = [];
  const own = new Set(durables.map(({ durable }) => durable));
  for (const stream of new Set(durables.map((one) => one.stream)))
    for await (const info of jsm.consumers.list(names[stream])) if (own.has(info.name)) infos.push(info);
  return infos;
}

/** The lanes of an agent are one. */
function pendingOf(infos: readonly ConsumerInfo[]): Point[] {
  const groups = Map.groupBy(infos, ({ name }) => durableLabel(name));
  return [...groups].flatMap(([consumer, ofGroup]): Point[] => {
    const sum = (of: (info: ConsumerInfo) => number): number =>
      ofGroup.reduce((total, info) => total + of(info), 0);
    return [
      { metric: "consumerPending", labels: { consumer }, value: sum((info) => info.num_pending) },
      { metric: "consumerAckPending", labels: { consumer }, value: sum((info) => info.num_ack_pending) },
    ];
  });
}

async function sizeOf({ jsm }: Bus, stream: string): Promise<Point[]> {
  const { state, config } = await jsm.streams.info(stream);
  const points: Point[] = [
    { metric: "streamBytes", labels: { stream }, value: state.bytes },
    { metric: "streamMessages", labels: { stream }, value: state.messages },
  ];
  if (config.max_bytes <= 0) return points;
  return [...points, { metric: "streamLimitBytes", labels: { stream }, value: config.max_bytes }];
}
