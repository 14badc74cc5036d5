import { ERRORS } from "../../shared/contract/errors.ts";
import { EVENTS, EVENT_TYPES } from "../../shared/contract/events.ts";
import type { StreamName } from "../../shared/contract/streams.ts";
import { LANES } from "../../shared/contract/subjects.ts";
import { PREFIX, STREAM_NAMES, SUBJECTS } from "./cell.ts";
import { subjectOf } from "./parties.ts";

/** The channels of the AsyncAPI document: every subject, with what varies in it as a parameter. */

export type Channel = {
  /** Null where the address is that of a request's reply. */
  address: string | null;
  title: string;
  description: string;
  messages: readonly string[];
  stream?: StreamName;
};

const OF_A_TOKEN = "[A-Za-z0-9_-]{1,64}";

/** What may stand in the place of a parameter. */
export const PARAMETERS: Readonly<Record<string, { description: string; enum?: readonly string[] }>> = {
  run: { description: `the run: ${OF_A_TOKEN}, 32 hex digits where the gateway chose it` },
  rev: { description: "the revision of the plan, from 0" },
  step: { description: `the step's id in the plan: ${OF_A_TOKEN}` },
  attempt: { description: "which attempt of the step, from 1" },
  agent: { description: `the agent's name, as on its card in the catalogue: ${OF_A_TOKEN}` },
  lane: { description: "the task's priority", enum: LANES },
  update: { description: `the caller's own stable key: ${OF_A_TOKEN}` },
  signal: { description: `the caller's own stable key: ${OF_A_TOKEN}` },
  service: { description: "the service that gave the message up, or is to handle it again" },
  code: { description: "why", enum: Object.keys(ERRORS) },
  id: {
    description: "the first 32 hex digits of SHA-256 over `<stream>|<sequence>|<stored time in ns>|<code>`",
  },
  kind: { description: "what the timer is for", enum: ["timeout", "retry"] },
};

const facts = EVENT_TYPES.map((type): [string, Channel] => [
  type,
  {
    address: `${PREFIX}.v1.${subjectOf(type, (token) => `{${token}}`)}`,
    title: type,
    description: EVENTS[type].means,
    messages: [type],
    stream: "log",
  },
]);

const timers = (["set", "fired"] as const).flatMap((state): [string, Channel][] => {
  const title = state === "set" ? "Timers to come" : "Timers that are due";
  const description =
    state === "set"
      ? "a scheduled message of the broker; only execution writes here"
      : "where the broker publishes a scheduled message when its time has come";
  const common = { title, description, messages: ["timer"], stream: "timers" } as const;
  const address = `${PREFIX}.timers.${state}.{run}`;
  return [
    [`timers.${state}.run`, { ...common, address: `${address}.deadline` }],
    [`timers.${state}.attempt`, { ...common, address: `${address}.{kind}.{step}.{attempt}` }],
  ];
});

export const CHANNELS: Readonly<Record<string, Channel>> = {
  tasks: {
    address: SUBJECTS.tasks,
    title: "The inbox",
    description:
      "a task that waits for the gateway; the stream's answer to the publish says that it is safe on disk",
    messages: ["submission"],
    stream: "inbox",
  },
  submit: {
    address: SUBJECTS.submit,
    title: "The door",
    description: "a task that is checked at once (a NATS micro service, request and reply)",
    messages: ["submission"],
  },
  "submit.reply": {
    address: null,
    title: "The door's answer",
    description: "which run the task became, or why it was refused",
    messages: ["accepted", "error"],
  },
  ...Object.fromEntries(facts),
  deadLetters: {
    address: `${PREFIX}.dlq.{service}.{code}.{id}`,
    title: "Dead letters",
    description: "what could not be read or handled, byte for byte, with its reason",
    messages: ["deadLetter"],
    stream: "dlq",
  },
  redrive: {
    address: `${PREFIX}.redrive.{service}`,
    title: "Redrive",
    description: "has a service handle a stored message of the log again",
    messages: ["redrive"],
  },
  "redrive.reply": {
    address: null,
    title: "What became of a redrive",
    description: "it was handled, or why not",
    messages: ["redriven", "error"],
  },
  progress: {
    address: `${PREFIX}.progress.{run}.{step}`,
    title: "Progress",
    description: "how far a step is; core NATS, not stored",
    messages: ["progress"],
  },
  ...Object.fromEntries(timers),
};

/** The names of the streams by what they hold. */
export function streamOf({ stream }: Channel): string | undefined {
  return stream && STREAM_NAMES[stream];
}
