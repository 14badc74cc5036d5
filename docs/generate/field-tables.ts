import { z } from "zod";
import { EVENTS, EVENT_TYPES, MAX_LABELS, outputRef } from "../../shared/contract/events.ts";
import { candidate, check, decision, finding, step, usage } from "../../shared/contract/plan.ts";
import { code, table } from "./markdown.ts";
import { jsonSchemaOf, submission, type JsonSchema } from "./schemas.ts";

/** Tables of the fields of things: which there are, which may be absent, and what they may be. */

const ERROR = EVENTS["plan.refused"].data.shape.error;

/** Shapes that several facts have in common: explained once, and named where they are meant. */
const SHAPES: readonly { name: string; schema: z.ZodObject }[] = [
  { name: "step", schema: step },
  { name: "decision", schema: decision },
  { name: "candidate", schema: candidate },
  { name: "check", schema: check },
  { name: "finding", schema: finding },
  { name: "usage", schema: usage },
  { name: "error", schema: ERROR },
  { name: "reference", schema: outputRef },
];

/** What the data of each type of fact holds. */
export function dataTable(): string {
  return table(
    ["`type`", "`data`"],
    EVENT_TYPES.map((type) => [code(type), fieldsOf(EVENTS[type].data)]),
  );
}

/** What the shapes inside hold. */
export function shapesTable(): string {
  return table(
    ["Shape", "Fields"],
    SHAPES.map(({ name, schema }) => [name, fieldsOf(schema)]),
  );
}

/** The fields of a submission, with their bounds and defaults. */
export function submissionTable(): string {
  const { properties = {} } = jsonSchemaOf(submission);
  const rows = Object.entries(properties).flatMap(([name, schema]) => rowsOf(name, schema as JsonSchema));
  return table(["Field", "What it may be", "Default"], rows);
}

function rowsOf(name: string, schema: JsonSchema): string[][] {
  const inner = Object.entries(schema.properties ?? {});
  if (inner.length > 0) return inner.flatMap(([part, of]) => rowsOf(`${name}.${part}`, of as JsonSchema));
  const byDefault = schema.default === undefined ? "" : code(String(schema.default));
  return [[code(name), rangeOf(name, schema), byDefault]];
}

function rangeOf(
  name: string,
  { type, enum: values, minimum, maximum, pattern, description }: JsonSchema,
): string {
  if (description !== undefined) return description;
  if (values !== undefined) return anyOf(values.map(String));
  if (pattern !== undefined) return "a token";
  if (name === "labels") return `an object of at most ${MAX_LABELS} texts`;
  const bounds =
    maximum === Number.MAX_SAFE_INTEGER ? `, at least ${minimum}` : ` from ${minimum} to ${maximum}`;
  if (type === "integer") return `a whole number${bounds}`;
  if (type === "number") return `a number${bounds}`;
  return "any JSON object";
}

function fieldsOf(schema: z.ZodObject): string {
  return Object.entries(schema.shape)
    .map(([name, field]) => fieldOf(name, field as z.ZodType))
    .join(", ");
}

function fieldOf(name: string, field: z.ZodType): string {
  const isOptional = field instanceof z.ZodOptional;
  const inside = insideOf(isOptional ? (field.unwrap() as z.ZodType) : field);
  const says = inside !== "" && inside !== `(${name})`;
  return `${code(name)}${isOptional ? "?" : ""}${says ? ` ${inside}` : ""}`;
}

/** What a field holds, as far as its name does not say it. */
function insideOf(schema: z.ZodType): string {
  const shape = SHAPES.find((known) => known.schema === schema);
  if (shape !== undefined) return `(${shape.name})`;
  if (schema === ERROR.shape.code) return "";
  if (schema instanceof z.ZodEnum) return `(${anyOf(schema.options.map(String))})`;
  if (schema instanceof z.ZodObject) return `{${fieldsOf(schema)}}`;
  if (!(schema instanceof z.ZodArray)) return "";
  const items = insideOf(schema.element as z.ZodType);
  return items.startsWith("(") ? `[${items.slice(1, -1)}]` : items && `[${items}]`;
}

function anyOf(values: readonly string[]): string {
  const all = values.map(code);
  return [all.slice(0, -1).join(", "), all.at(-1)].filter(Boolean).join(" or ");
}
