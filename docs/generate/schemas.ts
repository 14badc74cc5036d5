import { z } from "zod";
import type { DeadLetter } from "../../shared/bus/dead-letters.ts";
import { MAX_FACT_BYTES, MAX_GOAL_BYTES } from "../../shared/contract/envelope.ts";
import {
  EVENTS,
  EVENT_TYPES,
  MAX_LABELS,
  POLICY_DEFAULTS,
  labels,
  policy,
  time,
  type EventType,
} from "../../shared/contract/events.ts";
import { token } from "../../shared/contract/token.ts";
import { size } from "./markdown.ts";

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/**
 * A schema of the contract as JSON Schema. Draft 7 is what AsyncAPI and editors know. Fields that it does not name are allowed, as
 * everywhere on the bus.
 */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  const { $schema, title, description, ...rest } = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    override: ({ jsonSchema }) => shorten(jsonSchema),
  });
  const about = { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
  return { ...($schema !== undefined && { $schema }), ...about, ...rest };
}

/** The library spells the whole calendar out in a pattern. The format says that already; that it is in UTC, it does not. */
function shorten(schema: JsonSchema): void {
  if (schema.format !== "date-time") return;
  if (z.string().safeParse(schema.pattern).data?.endsWith("(?:Z))$")) schema.pattern = "Z$";
  else delete schema.pattern;
}

const id = z.string().regex(/^[0-9a-f]{32}$/);
const count = (min: number): z.ZodInt => z.int().min(min);

/** A fact of one type as it stands in the log: the whole message, as `decode` reads it. */
export function factOf(type: EventType): z.ZodType {
  const { tokens, data, means } = EVENTS[type];
  const isNumbered = (name: string): boolean => (tokens as readonly string[]).includes(name);
  const asInSubject = <S extends z.ZodType>(name: string, schema: S) =>
    isNumbered(name) ? schema.describe("as in the subject") : schema.optional();
  const fact = z.object({
    id: id.describe("the first 32 hex digits of SHA-256 over `<subject>|<causationId>`"),
    type: z.literal(type),
    version: z.literal(1),
    run: token,
    rev: asInSubject("rev", count(0)),
    step: asInSubject("step", token),
    attempt: asInSubject("attempt", count(1)),
    causationId: z
      .string()
      .max(64)
      .describe("the id of the event that caused this one; empty for what comes from outside"),
    correlationId: z.string().min(1).max(200).describe("one per user request, as in the header"),
    time: time.describe("when it was made"),
    data,
  });
  return fact.meta({ title: type, description: `${means}. At most ${size(MAX_FACT_BYTES)} in all.` });
}

const withDefaults = Object.fromEntries(
  Object.entries(policy.shape).map(([name, schema]) => [
    name,
    (schema as z.ZodType).meta({ default: POLICY_DEFAULTS[name as keyof typeof POLICY_DEFAULTS] }).optional(),
  ]),
);

const { goal, requestHash: _, priority, ...rest } = EVENTS["task.submitted"].data.shape;

/** What comes in at the doors: what `task.submitted` carries filled in, and only the goal must be there. */
export const submission = z
  .object({
    goal: goal.describe(`what is to be done; at most ${size(MAX_GOAL_BYTES)} of UTF-8`),
    ...z.object(rest).partial().shape,
    priority: priority.meta({ default: "normal" }).optional(),
    deadline: z.iso
      .datetime({ offset: true })
      .describe("RFC 3339, at most 5 days ahead; by default in an hour")
      .optional(),
    labels: labels.meta({ maxProperties: MAX_LABELS }).optional(),
    policy: z.object(withDefaults).optional(),
  })
  .meta({ title: "submission", description: "A task, as anyone may submit it." });

/** The shape in which every error crosses the bus. */
export const error = EVENTS["plan.refused"].data.shape.error.meta({
  title: "error",
  description:
    "The code says what to do about it, the message is fixed per code, the details say where which rule was broken.",
});

/** A message that could not be read or handled. */
export const deadLetter = z
  .object({
    id: id.describe(
      "the first 32 hex digits of SHA-256 over `<stream>|<sequence>|<stored time in ns>|<code>`",
    ),
    subject: z.string().describe("of the message"),
    stream: z.string().describe("where the message stood"),
    sequence: count(1).describe("its place there"),
    headers: z.record(z.string(), z.array(z.string())).describe("of the message, each with all its values"),
    bytes: z.base64().describe("the exact payload in base64"),
    code: error.shape.code,
    reason: z.string(),
    service: z.string().describe("who gave it up"),
    time,
  } satisfies Record<keyof DeadLetter, z.ZodType>)
  .meta({
    title: "dead-letter",
    description: "A message that could not be read or handled, byte for byte, with its reason.",
  });

/** Everything that is published as a JSON Schema, by its name. */
export const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  ...Object.fromEntries(EVENT_TYPES.map((type) => [type, factOf(type)])),
  submission,
  error,
  "dead-letter": deadLetter,
};

/** The path of a schema, from the folder of the documents. */
export function schemaPath(name: string): string {
  return `schemas/${name}.schema.json`;
}
