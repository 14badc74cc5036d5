import { ATTRIBUTE } from "../../shared/telemetry/names.ts";
import type { SpanNode } from "../trace/span-tree.ts";
import type { Span } from "../trace/span.ts";
import type { Paint } from "./paint.ts";
import { tableLines } from "./table.ts";
import { counted, oneLine, shorten } from "./text.ts";
import { duration } from "./time.ts";

const NAME_WIDTH = 60;

/** A trace as text: a summary, then one line per span with when it began, how long it took, and how long its message had waited. */
export function traceLines(roots: readonly SpanNode[], paint: Paint): string[] {
  const lines = roots.flatMap((root) => relayLines(root, "", ""));
  const spans = lines.map(({ node }) => node.span);
  const beginMs = Math.min(...spans.map((span) => span.startMs));
  const rows = lines.map(({ branches, node }) => [
    `${paint.dim(branches)}${nameText(node.span, paint)}`,
    oneLine(node.span.service),
    `+${duration(node.span.startMs - beginMs)}`,
    duration(node.span.durationMs),
    node.span.queueWaitMs === undefined ? "" : duration(node.span.queueWaitMs),
    noteOf(node, paint),
  ]);
  return [...summaryLines(spans, beginMs), "", ...tableLines(["SPAN", "SERVICE", "AT", "TOOK", "WAITED", ""], rows, paint)];
}

function summaryLines(spans: readonly Span[], beginMs: number): string[] {
  const endMs = Math.max(...spans.map((span) => span.startMs + span.durationMs));
  const services = new Set(spans.map((span) => span.service));
  const traces = [...new Set(spans.map((span) => span.traceId))];
  return [
    `${traces.length === 1 ? "trace" : "traces"} ${traces.join(", ")}`,
    `${counted(spans.length, "span")} of ${counted(services.size, "service")} in ${duration(endMs - beginMs)}`,
  ];
}

type Line = { branches: string; node: SpanNode };

/**
 * A run is a relay: nearly every span leads to one next message. So a span with only one child that goes on is followed by it
 * at the same depth, what happened inside it being drawn as its branches; only where the run forks do the lines move to the
 * right. Indented by depth, thirty hops would be a hundred columns wide.
 */
function relayLines(node: SpanNode, branches: string, indent: string): Line[] {
  const lines: Line[] = [];
  let prefix = branches;
  for (let at: SpanNode | undefined = node; at !== undefined; ) {
    lines.push({ branches: prefix, node: at });
    prefix = indent;
    const goingOn: SpanNode[] = at.children.filter((child) => child.children.length > 0);
    const [next] = goingOn;
    if (next === undefined || goingOn.length > 1) return [...lines, ...branchLines(at.children, indent)];
    const inside = at.children.filter((child) => child !== next);
    lines.push(...inside.map((child) => ({ branches: `${indent}├─ `, node: child })));
    at = next;
  }
  return lines;
}

function branchLines(children: readonly SpanNode[], indent: string): Line[] {
  return children.flatMap((child, i) => {
    const isLast = i === children.length - 1;
    return relayLines(child, indent + (isLast ? "└─ " : "├─ "), indent + (isLast ? "   " : "│  "));
  });
}

function nameText({ name, error }: Span, paint: Paint): string {
  const text = shorten(name, NAME_WIDTH);
  return error === undefined ? text : paint.red(text);
}

function noteOf({ span, isOrphan }: SpanNode, paint: Paint): string {
  const { step, attempt, natsDeliveryCount } = ATTRIBUTE;
  const at = span.attributes[step];
  const deliveries = Number(span.attributes[natsDeliveryCount] ?? 1);
  const tries = Number(span.attributes[attempt] ?? 1);
  return [
    ...(at === undefined ? [] : [oneLine(String(at))]),
    ...(tries > 1 ? [paint.yellow(`attempt ${tries}`)] : []),
    ...(deliveries > 1 ? [paint.yellow(`delivery ${deliveries}`)] : []),
    ...(span.error === undefined ? [] : [paint.red(oneLine(span.error))]),
    ...(isOrphan ? [paint.dim("its parent was not recorded")] : []),
  ].join(", ");
}
