import { z } from "zod";
import type { Accepted } from "../../shared/bus/door.ts";
import type { Progress } from "../../shared/bus/progress.ts";
import { EVENTS, type EventType } from "../../shared/contract/events.ts";
import { token } from "../../shared/contract/token.ts";
import { headersSchema, type Kind } from "./headers.ts";
import { jsonSchemaOf, schemaPath, type JsonSchema } from "./schemas.ts";

/** The messages of the AsyncAPI document. */

type Message = Record<string, unknown>;

const accepted = z.object({
  run: token,
  correlationId: z.string(),
  traceId: z.string(),
} satisfies Record<keyof Accepted, z.ZodType>);

const redrive = z.object({
  stream: z.string().describe("the log"),
  sequence: z.int().min(1).describe("the place of the message there"),
});

const redriven = z.object({
  ok: z.literal(true),
  stored: z
    .int()
    .min(0)
    .describe(
      "how many facts the run has more than before; 0: all that follows stood already, or the run is over",
    ),
});

const progress = z.object({
  run: token,
  step: token,
  attempt: z.int().min(1),
  note: z.union([z.string(), z.record(z.string(), z.unknown())]).describe("in the agent's own words"),
} satisfies Record<keyof Progress, z.ZodType>);

/** Payloads that have no file of their own. */
const INLINE: Readonly<Record<string, z.ZodType>> = { accepted, redrive, redriven, progress };

/** Schemas that are part of the document: small payloads, and the headers of every kind of message. */
export function inlineSchemas(): Record<string, JsonSchema> {
  const payloads = Object.entries(INLINE).map(([name, schema]) => [
    name,
    withoutDialect(jsonSchemaOf(schema)),
  ]);
  const kinds: Kind[] = ["fact", "submission", "deadLetter", "timer", "redrive", "progress"];
  return Object.fromEntries([...payloads, ...kinds.map((kind) => [`${kind}Headers`, headersSchema(kind)])]);
}

function withoutDialect(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([name]) => name !== "$schema"));
}

/** Every message but the facts, by its name. */
export const MESSAGES: Readonly<Record<string, Message>> = {
  submission: {
    ...message("a task, as anyone may submit it", file("submission")),
    ...headed("submission"),
    examples: [{ name: "all that is needed", payload: { goal: "Launch a small online shop" } }],
  },
  accepted: message("which run the task became", inline("accepted")),
  error: message("why it was refused", file("error")),
  deadLetter: {
    ...message("a message that could not be read or handled", file("dead-letter")),
    ...headed("deadLetter"),
  },
  redrive: { ...message("a message that is to be handled again", inline("redrive")), ...headed("redrive") },
  redriven: message("it was handled again", inline("redriven")),
  timer: { ...message("a wake-up, which is no fact", { type: "object" }), ...headed("timer") },
  progress: {
    ...message("how far a step is", inline("progress")),
    headers: { $ref: "#/components/schemas/progressHeaders" },
  },
};

/** The message of a type of fact. */
export function factMessage(type: EventType): Message {
  return { name: type, title: type, ...message(EVENTS[type].means, file(type)), ...headed("fact") };
}

function message(summary: string, payload: object): Message {
  return { summary, contentType: "application/json", payload };
}

function headed(kind: Kind): Message {
  return {
    headers: { $ref: `#/components/schemas/${kind}Headers` },
    correlationId: { $ref: "#/components/correlationIds/request" },
  };
}

function file(name: string): { $ref: string } {
  return { $ref: `./${schemaPath(name)}` };
}

function inline(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
