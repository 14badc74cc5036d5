import { join } from "node:path";
import { jsonLines } from "./instance.ts";

/** A message as two spans tell it: `htdag halo`. */
type Batch = {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: {
      spans: { spanId: string; parentSpanId?: string; traceId: string; kind: number; name: string }[];
    }[];
  }[];
};

/** OTLP's numbers for the kinds of span. */
const PRODUCER = 4;
const CONSUMER = 5;

/**
 * How often one service handled a message of another, by `client server`, counted from the spans in a folder: each CONSUMER span
 * whose parent is a PRODUCER span. A timer is none: who sets it is who reads it.
 */
export async function messageEdges(folder: string): Promise<Record<string, number>> {
  const batches = await jsonLines<Batch>(folder);
  const spans = batches.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) => {
      const name = resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue ?? "";
      return scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service: name })));
    }),
  );
  const messages = spans.filter(({ kind, name }) => kind === PRODUCER && !name.endsWith(".timers.set"));
  const producers = new Map(messages.map((span) => [span.spanId, span]));
  const counts: Record<string, number> = {};
  for (const { parentSpanId = "", service } of spans.filter(({ kind }) => kind === CONSUMER)) {
    const sender = producers.get(parentSpanId);
    if (sender === undefined) continue;
    const edge = `${sender.service} ${service}`;
    counts[edge] = (counts[edge] ?? 0) + 1;
  }
  return counts;
}

/** The folder of an instance's spans. */
export function tracesOf(dir: string): string {
  return join(dir, "traces");
}
