import { join } from "node:path";
import { jsonLines } from "./instance.ts";

/** A span as it stands in the traces files (OTLP JSON). */
export type FileSpan = {
  traceId: string;
  spanId: string;
  /** Undefined for the root of a trace. */
  parentSpanId: string | undefined;
  name: string;
  links: { traceId: string; spanId: string }[];
  service: string;
  /** The process that wrote it. */
  instance: string;
  /** Its attributes, values as text. */
  attributes: Record<string, string>;
};

type Attribute = { key: string; value: Record<string, unknown> };
type Batch = {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: {
      spans: (Pick<FileSpan, "traceId" | "spanId" | "name"> & {
        parentSpanId?: string;
        links?: FileSpan["links"];
        attributes?: Attribute[];
      })[];
    }[];
  }[];
};

/** The spans that all processes of an instance have written so far. */
export async function spansIn(dir: string): Promise<FileSpan[]> {
  const batches = await jsonLines<Batch>(join(dir, "traces"));
  return batches.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) => {
      const { "service.name": service = "", "service.instance.id": instance = "" } = valuesOf(
        resource.attributes,
      );
      return scopeSpans
        .flatMap(({ spans }) => spans)
        .map(({ traceId, spanId, parentSpanId, name, links = [], attributes = [] }) => ({
          traceId,
          spanId,
          parentSpanId: parentSpanId || undefined,
          name,
          links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
          service,
          instance,
          attributes: valuesOf(attributes),
        }));
    }),
  );
}

function valuesOf(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]));
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
