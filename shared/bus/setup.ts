import {
  AckPolicy,
  DeliverPolicy,
  StorageType,
  type ConsumerConfig,
  type StreamConfig,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/nats-core";
import {
  ACK_WAIT_MS,
  consumers as consumersOf,
  streams as streamsOf,
  type ConsumerSpec,
  type StreamSizes,
  type StreamSpec,
} from "../contract/streams.ts";
import type { Bus } from "./connect.ts";
import { differencesOf, isSafe, type Config, type Difference } from "./differences.ts";
import { orUndefined } from "./wait-for-setup.ts";

/** What `setup` did, by the names of streams and consumers. */
export type SetupResult = { created: string[]; updated: string[]; unchanged: string[] };

/** What is to be set up: sizes from the settings; name and concurrency of every agent, external ones too. */
export type SetupOptions = { sizes: StreamSizes; agents: readonly { name: string; concurrency: number }[] };

/** What stands on the broker cannot become what is wanted without losing something. Nothing was changed. */
export class SetupRefused extends Error {
  readonly differences: Difference[];
  constructor(differences: Difference[]) {
    const list = differences.map(
      ({ of, setting, have, want }) =>
        `${of}.${setting} is ${JSON.stringify(have)}, not ${JSON.stringify(want)}`,
    );
    super(`the broker holds streams or consumers that do not fit: ${list.join("; ")}`);
    this.name = "SetupRefused";
    this.differences = differences;
  }
}

/** One stream or consumer: what is there, what is wanted, and how to get there. */
type Item = {
  name: string;
  have: Config | undefined;
  want: Config;
  create: () => Promise<unknown>;
  update: (changes: Config) => Promise<unknown>;
};

/**
 * Creates the streams and durable consumers of the contract, or checks those that stand. What can change without
 * losing anything (more room, longer keeping, more subjects) is changed. @throws SetupRefused, with nothing changed,
 * for anything else
 */
export async function setup(bus: Bus, { sizes, agents }: SetupOptions): Promise<SetupResult> {
  const streams = await Promise.all(streamsOf(bus.subjects, sizes).map((spec) => streamItem(bus, spec)));
  const present = await presentConsumers(bus, streams);
  const consumers = consumersOf(bus.subjects, agents).map((spec) => consumerItem(bus, spec, present));
  const refused = [...streams, ...consumers].flatMap(changesOf).filter((change) => !isSafe(change));
  if (refused.length > 0) throw new SetupRefused(refused);
  const result: SetupResult = { created: [], updated: [], unchanged: [] };
  // Streams come first: their consumers need them.
  for (const items of [streams, consumers]) await Promise.all(items.map((item) => apply(item, result)));
  return result;
}

function changesOf({ name, have, want }: Item): Difference[] {
  return have === undefined ? [] : differencesOf(name, have, want);
}

async function apply(item: Item, { created, updated, unchanged }: SetupResult): Promise<void> {
  const changes = changesOf(item);
  if (item.have === undefined) {
    await item.create();
    created.push(item.name);
  } else if (changes.length > 0) {
    await item.update(Object.fromEntries(changes.map(({ setting, want }) => [setting, want])));
    updated.push(item.name);
  } else unchanged.push(item.name);
}

async function streamItem({ jsm }: Bus, spec: StreamSpec): Promise<Item> {
  const want = streamConfig(spec);
  return {
    name: spec.name,
    have: (await orUndefined(jsm.streams.info(spec.name)))?.config,
    want,
    create: () => jsm.streams.add({ ...want, name: spec.name }),
    update: (changes) => jsm.streams.update(spec.name, changes),
  };
}

function streamConfig(spec: StreamSpec): Partial<StreamConfig> {
  return {
    description: spec.description,
    subjects: spec.subjects,
    retention: spec.retention,
    storage: StorageType.File,
    discard: spec.discard,
    max_bytes: spec.maxBytes ?? -1,
    max_age: nanos(spec.maxAgeMs ?? 0),
    max_msgs: -1,
    max_msg_size: spec.maxMsgSize ?? -1,
    max_msgs_per_subject: spec.maxMsgsPerSubject ?? -1,
    discard_new_per_subject: spec.discardNewPerSubject ?? false,
    deny_delete: spec.denyDelete ?? false,
    deny_purge: spec.denyPurge ?? false,
    allow_direct: spec.allowDirect ?? false,
    allow_msg_schedules: spec.schedules ?? false,
    allow_msg_ttl: spec.schedules ?? false,
    ...(spec.duplicateWindowMs !== undefined && { duplicate_window: nanos(spec.duplicateWindowMs) }),
  };
}

type Present = Map<string, ConsumerConfig>;

async function presentConsumers({ jsm }: Bus, streams: Item[]): Promise<Present> {
  const present: Present = new Map();
  for (const { name: stream } of streams.filter(({ have }) => have !== undefined)) {
    for await (const { name, config } of jsm.consumers.list(stream)) present.set(`${stream} ${name}`, config);
  }
  return present;
}

function consumerItem({ jsm, names }: Bus, spec: ConsumerSpec, present: Present): Item {
  const stream = names[spec.stream];
  const want = {
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ACK_WAIT_MS),
    max_deliver: -1,
    max_ack_pending: spec.maxAckPending,
    inactive_threshold: 0,
    filter_subjects: spec.filters,
  };
  const have = present.get(`${stream} ${spec.durable}`);
  return {
    name: spec.durable,
    // The broker has one field for one filter and another for several.
    have: have && { ...have, filter_subjects: have.filter_subjects ?? [have.filter_subject] },
    want,
    create: () => jsm.consumers.add(stream, { ...want, durable_name: spec.durable }),
    update: (changes) => jsm.consumers.update(stream, spec.durable, changes),
  };
}
