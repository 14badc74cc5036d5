import { SETTINGS } from "../../shared/config.ts";
import {
  consumers,
  streamNames,
  streams,
  type ConsumerSpec,
  type StreamSpec,
} from "../../shared/contract/streams.ts";
import { subjectsOf } from "../../shared/contract/subjects.ts";

/** A cell as it is set up by default: what the documents describe. */

export const PREFIX = SETTINGS.prefix.default!;
export const SUBJECTS = subjectsOf(PREFIX);
export const STREAM_NAMES = streamNames(PREFIX);

/** Stands for an agent's name until the consumers are made: nothing but a token may stand in a subject. */
const ANY_AGENT = "ANY-AGENT";

/** The streams. */
export function cellStreams(): StreamSpec[] {
  return streams(SUBJECTS, {
    logMaxBytes: byDefault("logMaxBytes"),
    inboxMaxBytes: byDefault("inboxMaxBytes"),
    dlqMaxBytes: byDefault("dlqMaxBytes"),
  });
}

/** The durable consumers; those of an agent once, `agent` in the place of its name. */
export function cellConsumers(agent: string): ConsumerSpec[] {
  return consumers(SUBJECTS, [{ name: ANY_AGENT, concurrency: 1 }]).map(({ durable, filters, ...rest }) => ({
    ...rest,
    durable: durable.replace(ANY_AGENT, agent),
    filters: filters.map((filter) => filter.replace(ANY_AGENT, agent)),
  }));
}

function byDefault(name: "logMaxBytes" | "inboxMaxBytes" | "dlqMaxBytes"): number {
  return SETTINGS[name].parse(SETTINGS[name].default!);
}
