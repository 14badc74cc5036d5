import { EVENT_TYPES, type EventType } from "../../shared/contract/events.ts";
import { STAGE_READS, agentConsumer, type StageName } from "../../shared/contract/streams.ts";
import { CHANNELS } from "./channels.ts";
import { readersOf, writersOf, type Party } from "./parties.ts";

/** The operations of the AsyncAPI document: who sends to, and who receives from, each channel. */

type Operation = Record<string, unknown>;

type Act = {
  who: Party;
  action: "send" | "receive";
  channel: string;
  summary: string;
  /** The channel of the answer. */
  reply?: string;
  /** The queue group whose members share the messages (core NATS). */
  queue?: string;
  /** The durable consumer that the messages come by. */
  consumer?: string;
};

const VERB = { send: "sends", receive: "receives" } as const;
const BINDING_VERSION = "0.1.0";

const facts = EVENT_TYPES.flatMap((type): Act[] => [
  ...writersOf(type).map((who): Act => ({
    who,
    action: "send",
    channel: type,
    summary: `${who} appends ${type}`,
  })),
  ...readersOf(type).map((who): Act => ({
    who,
    action: "receive",
    channel: type,
    summary: `${who} acts on ${type}`,
    ...consumerOf(who, type),
  })),
]);

/** The consumer by which a party gets a type of fact; none for whoever listens by core NATS and reads the log. */
function consumerOf(who: Party, type: EventType): { consumer?: string } {
  const isStage =
    Object.hasOwn(STAGE_READS, who) && (STAGE_READS[who as StageName] as readonly string[]).includes(type);
  if (isStage) return { consumer: who };
  return type === "step.dispatched"
    ? { consumer: agentConsumer("{agent}", "normal").replace("normal", "{lane}") }
    : {};
}

const SERVICES: readonly Party[] = ["gateway", "htdag", "halo", "aop", "execution", "agents"];
const REDRIVEN: readonly Party[] = ["htdag", "halo", "aop", "execution", "agents"];
const TIMERS = Object.keys(CHANNELS).filter((name) => name.startsWith("timers."));

const ACTS: readonly Act[] = [
  { who: "client", action: "send", channel: "tasks", summary: "a client leaves a task in the inbox" },
  {
    who: "gateway",
    action: "receive",
    channel: "tasks",
    summary: "the gateway takes it out",
    consumer: "gateway",
  },
  {
    who: "client",
    action: "send",
    channel: "submit",
    summary: "a client hands a task in",
    reply: "submit.reply",
  },
  {
    who: "gateway",
    action: "receive",
    channel: "submit",
    summary: "the gateway checks it and answers",
    reply: "submit.reply",
    queue: "gateway",
  },
  ...facts,
  ...SERVICES.map((who): Act => ({
    who,
    action: "send",
    channel: "deadLetters",
    summary: `${who} gives a message up`,
  })),
  {
    who: "client",
    action: "send",
    channel: "redrive",
    summary: "an operator asks for it",
    reply: "redrive.reply",
  },
  ...REDRIVEN.map((who): Act => ({
    who,
    action: "receive",
    channel: "redrive",
    summary: `${who} handles a message again`,
    reply: "redrive.reply",
    queue: who,
  })),
  { who: "agents", action: "send", channel: "progress", summary: "an agent tells how far it is" },
  { who: "client", action: "receive", channel: "progress", summary: "a client watches a run" },
  ...TIMERS.map((channel): Act =>
    channel.startsWith("timers.set")
      ? { who: "execution", action: "send", channel, summary: "execution sets a timer" }
      : {
          who: "execution",
          action: "receive",
          channel,
          summary: "execution wakes up",
          consumer: "execution-timers",
        },
  ),
];

/** Every operation, by its name. */
export function operations(): Record<string, Operation> {
  return Object.fromEntries(
    ACTS.map((act) => [`${act.who}.${VERB[act.action]}.${act.channel}`, operationOf(act)]),
  );
}

function operationOf({ action, channel, summary, reply, queue, consumer }: Act): Operation {
  return {
    action,
    ...inChannel(channel),
    summary,
    ...(reply !== undefined && { reply: inChannel(reply) }),
    ...(queue !== undefined && { bindings: { nats: { queue, bindingVersion: BINDING_VERSION } } }),
    ...(consumer !== undefined && { "x-jetstream-consumer": consumer }),
  };
}

/** A channel, and all of its messages. */
function inChannel(name: string): { channel: object; messages: object[] } {
  const at = `#/channels/${name}`;
  return {
    channel: { $ref: at },
    messages: CHANNELS[name]!.messages.map((message) => ({ $ref: `${at}/messages/${message}` })),
  };
}
