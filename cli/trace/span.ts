import { z } from "zod";
import { ATTRIBUTE } from "../../shared/telemetry/names.ts";

/** A span as the trace views need it. Times are milliseconds since the epoch, with their fractions. */
export type Span = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  service: string;
  startMs: number;
  durationMs: number;
  /** How long the message waited in its stream before somebody took it. */
  queueWaitMs?: number;
  /** The error's code, or `error` where the span only says that it failed. */
  error?: string;
  attributes: Record<string, string | number | boolean>;
  links: readonly { traceId: string; spanId: string }[];
  events?: readonly SpanMoment[];
};

/** Something that a span tells of one moment, e.g. a candidate of a decision. */
export type SpanMoment = { name: string; attributes: Span["attributes"] };

const number = z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/)]);
const anyValue = z.union([
  z.object({ stringValue: z.string() }),
  z.object({ boolValue: z.boolean() }),
  z.object({ intValue: number }),
  z.object({ doubleValue: number }),
  z.object({ arrayValue: z.object({ values: z.array(z.object({ stringValue: z.string() })).optional() }) }),
]);
// One attribute of another kind (bytes, an array of something else) must not cost the whole span.
const attributes = z.array(z.object({ key: z.string(), value: anyValue.optional().catch(undefined) }));
const traceId = z.string().regex(/^[0-9a-f]{32}$/);
const spanId = z.string().regex(/^[0-9a-f]{16}$/);

const otlpSpan = z.object({
  traceId,
  spanId,
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: number,
  endTimeUnixNano: number,
  attributes: attributes.optional(),
  links: z.array(z.object({ traceId, spanId })).optional(),
  events: z.array(z.object({ name: z.string(), attributes: attributes.optional() })).optional(),
  status: z.object({ code: z.union([z.number(), z.string()]).optional() }).optional(),
});
const otlpLine = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: attributes.optional() }).optional(),
      scopeSpans: z.array(z.object({ spans: z.array(z.unknown()).optional() })).optional(),
    }),
  ),
});

/** The spans of one line of an OTLP JSON file. What is not a span, or only half a line because its writer is still at it, gives none. */
export function spansOfLine(line: string): Span[] {
  const parsed = otlpLine.safeParse(parse(line));
  return (parsed.data?.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const service = attributesOf(resource?.attributes)["service.name"];
    const spans = (scopeSpans ?? []).flatMap((scope) => scope.spans ?? []);
    return spans.flatMap((span) => spanOf(span, typeof service === "string" ? service : "unknown") ?? []);
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The protocol's number for a status that is an error, and its name. */
const ERROR_STATUS: readonly unknown[] = [2, "STATUS_CODE_ERROR"];

function spanOf(raw: unknown, service: string): Span | undefined {
  const span = otlpSpan.safeParse(raw).data;
  if (span === undefined) return undefined;
  const known = attributesOf(span.attributes);
  const startMs = millisecondsOf(span.startTimeUnixNano);
  const wait = known[ATTRIBUTE.natsQueueWait];
  const hasFailed = ERROR_STATUS.includes(span.status?.code);
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId && { parentSpanId: span.parentSpanId }),
    name: span.name,
    service,
    startMs,
    durationMs: millisecondsOf(span.endTimeUnixNano) - startMs,
    ...(typeof wait === "number" && { queueWaitMs: wait * 1000 }),
    ...(hasFailed && { error: String(known[ATTRIBUTE.errorType] ?? "error") }),
    attributes: known,
    links: span.links ?? [],
    ...(span.events && span.events.length > 0 && { events: span.events.map(momentOf) }),
  };
}

function momentOf({
  name,
  attributes: about,
}: {
  name: string;
  attributes?: z.infer<typeof attributes> | undefined;
}): SpanMoment {
  return { name, attributes: attributesOf(about) };
}

function attributesOf(list: z.infer<typeof attributes> = []): Span["attributes"] {
  const pairs = list.flatMap(({ key, value }) =>
    value === undefined ? [] : [[key, valueOf(value)] as const],
  );
  return Object.fromEntries(pairs);
}

function valueOf(value: z.infer<typeof anyValue>): string | number | boolean {
  if ("stringValue" in value) return value.stringValue;
  if ("boolValue" in value) return value.boolValue;
  if ("arrayValue" in value)
    return (value.arrayValue.values ?? []).map(({ stringValue }) => stringValue).join(", ");
  return Number("intValue" in value ? value.intValue : value.doubleValue);
}

/** Nanoseconds are beyond what a number holds exactly, so they are divided as whole numbers first. */
function millisecondsOf(nanoseconds: string | number): number {
  const whole = BigInt(
    typeof nanoseconds === "number" ? Math.trunc(nanoseconds) : nanoseconds.split(".")[0]!,
  );
  return Number(whole / 1_000_000n) + Number(whole % 1_000_000n) / 1_000_000;
}
