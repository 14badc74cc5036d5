import { HEADER } from "../../shared/contract/headers.ts";
import type { JsonSchema } from "./schemas.ts";

/** Kinds of messages that differ in their headers. */
export type Kind = "fact" | "submission" | "deadLetter" | "timer" | "redrive" | "progress";

/** A header of the contract: what it holds, which kinds of messages must or may carry it, and what the page says of it. */
type HeaderRow = {
  name: string;
  pattern?: string;
  must: readonly Kind[];
  may: readonly Kind[];
  rule: string;
};

const W3C = "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}";

/** The headers of the contract, in the order of its page. */
export const HEADERS: readonly HeaderRow[] = [
  {
    name: HEADER.traceparent,
    pattern: W3C,
    must: ["fact", "deadLetter", "timer"],
    may: ["submission", "progress"],
    rule: "W3C trace context, lower case. At the door a caller's context becomes a span link and a fresh trace starts",
  },
  {
    name: HEADER.tracestate,
    must: [],
    may: ["fact", "submission", "deadLetter", "timer"],
    rule: "W3C trace context, along with `traceparent`",
  },
  {
    name: HEADER.correlationId,
    pattern: "^[!-~]{1,200}$",
    must: ["fact", "timer"],
    may: ["submission", "deadLetter", "redrive"],
    rule:
      "one per user request, the caller's own (1 to 200 printable ASCII characters, no blank) or a UUID; the same on every event, " +
      "dead letter and log line of the run",
  },
  {
    name: HEADER.causationId,
    must: ["fact"],
    may: ["submission", "redrive"],
    rule: "as in the envelope; on what is redriven, the id of the dead letter",
  },
  {
    name: HEADER.messageId,
    pattern: "^[0-9a-f]{32}$",
    must: ["fact"],
    may: [],
    rule: "the envelope's `id`",
  },
  {
    name: HEADER.idempotencyKey,
    pattern: "^[ -~]{1,200}$",
    must: [],
    may: ["submission"],
    rule: "on submissions only: 1 to 200 printable ASCII characters, no blank at either end",
  },
  {
    name: HEADER.contentType,
    pattern: "^application/json$",
    must: ["fact", "deadLetter"],
    may: ["submission", "redrive"],
    rule: "`application/json`",
  },
];

/** The headers of a kind of messages as JSON Schema. */
export function headersSchema(kind: Kind): JsonSchema {
  const rows = HEADERS.filter(({ must, may }) => must.includes(kind) || may.includes(kind));
  const properties = rows.map(({ name, pattern, rule }) => [
    name,
    { type: "string", description: rule, ...(pattern !== undefined && { pattern }) },
  ]);
  const required = rows.filter(({ must }) => must.includes(kind)).map(({ name }) => name);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length > 0 && { required }),
  };
}
