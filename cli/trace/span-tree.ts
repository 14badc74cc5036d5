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
  const circular = circularNodes([...nodes.values()], parentOf);
  const roots: SpanNode[] = [];
  for (const node of nodes.values()) {
    const parent = circular.has(node) ? undefined : parentOf(node);
    node.isOrphan = parent === undefined && node.span.parentSpanId !== undefined;
    (parent?.children ?? roots).push(node);
  }
  return roots;
}

function keyOf(traceId: string, spanId: string): string {
  return `${traceId}/${spanId}`;
}

/** The nodes that are above themselves. Each node is looked at once: a run of some thousand messages is one long chain. */
function circularNodes(
  nodes: readonly SpanNode[],
  parentOf: (node: SpanNode) => SpanNode | undefined,
): Set<SpanNode> {
  const circular = new Set<SpanNode>();
  const seen = new Set<SpanNode>();
  for (const node of nodes) {
    const path: SpanNode[] = [];
    let at: SpanNode | undefined = node;
    for (; at !== undefined && !seen.has(at); at = parentOf(at)) {
      seen.add(at);
      path.push(at);
    }
    // The walk ended on a node that it had met itself, and not in an earlier walk: from there on it was a circle.
    const first = at === undefined ? -1 : path.indexOf(at);
    if (first >= 0) path.slice(first).forEach((one) => circular.add(one));
  }
  return circular;
}
