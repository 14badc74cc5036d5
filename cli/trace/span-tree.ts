import type { Span } from "./span.ts";

/** A span with what happened inside it, or because of it. */
export type SpanNode = {
  span: Span;
  children: SpanNode[];
  /** Its parent is in no file: the service that recorded it may have been killed before it wrote. */
  isOrphan: boolean;
};

/**
 * Arranges spans as trees, the earliest first. A span that comes twice counts once, and one whose parent is missing (or, in a
 * file that somebody made up, is below it) is a root.
 */
export function spanTrees(spans: readonly Span[]): SpanNode[] {
  const ordered = spans.toSorted((a, b) => a.startMs - b.startMs || (a.spanId < b.spanId ? -1 : 1));
  const nodes = new Map<string, SpanNode>();
  for (const span of ordered) {
    const key = keyOf(span.traceId, span.spanId);
    if (!nodes.has(key)) nodes.set(key, { span, children: [], isOrphan: false });
  }
  const parentOf = (node: SpanNode): SpanNode | undefined =>
    nodes.get(keyOf(node.span.traceId, node.span.parentSpanId ?? ""));
  const roots: SpanNode[] = [];
  for (const node of nodes.values()) {
    const parent = isInCircle(node, parentOf) ? undefined : parentOf(node);
    if (parent) parent.children.push(node);
    else roots.push({ ...node, isOrphan: node.span.parentSpanId !== undefined });
  }
  return roots;
}

function keyOf(traceId: string, spanId: string): string {
  return `${traceId}/${spanId}`;
}

function isInCircle(node: SpanNode, parentOf: (node: SpanNode) => SpanNode | undefined): boolean {
  const seen = new Set<SpanNode>();
  for (let at = parentOf(node); at !== undefined && !seen.has(at); at = parentOf(at)) {
    if (at === node) return true;
    seen.add(at);
  }
  return false;
}
