import { SpanKind } from "@opentelemetry/api";
import { join } from "node:path";
import { jsonLines } from "./instance.ts";

/** A span as it stands in the traces files (OTLP JSON). */
export type FileSpan = {
  traceId: string;
  spanId: string;
  /** Undefined for the root of a trace. */
  parentSpanId: string | undefined;
  name: string;
  kind: keyof typeof SpanKind;
  links: { traceId: string; spanId: string; attributes: Record<string, string> }[];
  events: { name: string; attributes: Record<string, string> }[];
  /** The status of a span that failed, and what it says of it. */
  error: string | undefined;
  service: string;
  /** The process that wrote it. */
  instance: string;
  /** Its attributes, values as text. */
  attributes: Record<string, string>;
  /** What is said of the process that wrote it. */
  resource: Record<string, string>;
};

type Attribute = { key: string; value: Record<string, unknown> };
type RawSpan = {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** The protocol counts them from 1. */
  kind: number;
  links?: { traceId: string; spanId: string; attributes?: Attribute[] }[];
  events?: { name: string; attributes?: Attribute[] }[];
  status?: { code?: number; message?: string };
  attributes?: Attribute[];
};
type Batch = {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: {
      spans: RawSpan[];
    }[];
  }[];
};

/** The protocol's number for the status of a span that failed. */
const ERROR = 2;

/** The spans that all processes of an instance have written so far. */
export async function spansIn(dir: string): Promise<FileSpan[]> {
  const batches = await jsonLines<Batch>(join(dir, "traces"));
  return batches.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) => {
      const about = valuesOf(resource.attributes);
      return scopeSpans.flatMap(({ spans }) => spans).map((span) => spanOf(span, about));
    }),
  );
}

function spanOf(raw: RawSpan, resource: Record<string, string>): FileSpan {
  const { traceId, spanId, parentSpanId, name, kind, links = [], events = [], status = {} } = raw;
  return {
    traceId,
    spanId,
    parentSpanId: parentSpanId || undefined,
    name,
    kind: SpanKind[kind - 1] as keyof typeof SpanKind,
    links: links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      attributes: valuesOf(link.attributes),
    })),
    events: events.map((event) => ({ name: event.name, attributes: valuesOf(event.attributes) })),
    error: status.code === ERROR ? (status.message ?? "") : undefined,
    service: resource["service.name"] ?? "",
    instance: resource["service.instance.id"] ?? "",
    attributes: valuesOf(raw.attributes),
    resource,
  };
}

function valuesOf(attributes: readonly Attribute[] = []): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, textOf(value)]));
}

function textOf(value: Attribute["value"]): string {
  const [held] = Object.values(value);
  return isList(held) ? held.values.map(textOf).join(", ") : String(held);
}

function isList(held: unknown): held is { values: Attribute["value"][] } {
  return typeof held === "object" && held !== null && "values" in held;
}

/** What keeps spans from being whole traces: each has one root, and no span's parent is missing. */
export function brokenIn(spans: readonly FileSpan[]): string[] {
  return [...Map.groupBy(spans, ({ traceId }) => traceId)].flatMap(([traceId, trace]) => {
    const ids = new Set(trace.map(({ spanId }) => spanId));
    const roots = trace.filter(({ parentSpanId }) => parentSpanId === undefined);
    const orphans = trace.filter(({ parentSpanId }) => parentSpanId !== undefined && !ids.has(parentSpanId));
    return [
      ...(roots.length === 1 ? [] : [`${traceId}: ${roots.length} roots`]),
      ...orphans.map(({ name, spanId }) => `${traceId}: the parent of ${name} (${spanId}) is missing`),
    ];
  });
}
