import { ATTRIBUTE } from "../../shared/telemetry/names.ts";
import type { SpanNode } from "./span-tree.ts";
import type { Span } from "./span.ts";

/** What happened inside the handling of a message, as the service told it. */
export type PartNode = { span: Span; parts: PartNode[] };

/**
 * One step of the relay: a message was sent, waited in its stream, and was handled. A message that several consumers take has
 * a hop of its own without `work`, followed by one hop without `sent` for each of them.
 */
export type Hop = {
  /** The message's sending; it was not recorded, or is the hop before, where this is missing. */
  sent?: Span;
  /** The message's handling, or at the top of a tree whatever else stands there. */
  work?: Span;
  /** Whether the span that brought it about is in no file. */
  isOrphan: boolean;
  parts: PartNode[];
  /** What followed from it, the earliest first. */
  next: Hop[];
};

/** Whether a span is the sending of a message. */
export function isSending({ name }: Span): boolean {
  return name.startsWith("publish ");
}

/** Whether a span is the handling of a message. */
export function isHandling({ name }: Span): boolean {
  return name.startsWith("process ");
}

/** Arranges span trees as the relay that they tell: each message with its handling, and what followed from it. */
export function hopsOf(roots: readonly SpanNode[]): Hop[] {
  const tops: Hop[] = [];
  // A run of five hundred steps in a row is some thousand spans deep, so nothing here recurs.
  const open: Visit[] = [];
  const later = (nodes: readonly SpanNode[], hops: Hop[], parts?: PartNode[]): void => {
    for (const node of nodes.toReversed()) open.push({ node, hops, parts });
  };
  const lists = new Set([tops]);
  later(roots, tops);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { node, hops, parts } = at;
    const { span, children, isOrphan } = node;
    if (parts !== undefined && !isSending(span) && !isHandling(span)) {
      const part: PartNode = { span, parts: [] };
      parts.push(part);
      later(children, hops, part.parts);
      continue;
    }
    const taken = isSending(span) ? onlyHandling(span, children) : undefined;
    const hop: Hop = {
      ...(isSending(span) ? { sent: span, ...(taken && { work: taken.span }) } : { work: span }),
      isOrphan,
      parts: [],
      next: [],
    };
    hops.push(hop);
    lists.add(hop.next);
    const rest = taken ? children.filter((child) => child !== taken) : children;
    later([...rest, ...(taken?.children ?? [])].toSorted(byStart), hop.next, hop.parts);
  }
  const stay = underTheirDispatches(tops, [...lists].flat());
  for (const list of [stay, ...lists]) list.sort((a, b) => startOf(a) - startOf(b));
  return stay;
}

/**
 * An agent that keeps its spans elsewhere leaves a hole: the answer to its step has a parent that is in no file. It is the
 * dispatch of that attempt that it follows from, so there it is put. @returns the hops that stay at the top
 */
function underTheirDispatches(tops: readonly Hop[], all: readonly Hop[]): Hop[] {
  const unanswered = new Map(
    all.flatMap((hop) => (isUntakenDispatch(hop) ? [[attemptOf(hop.sent), hop] as const] : [])),
  );
  return tops.filter((hop) => {
    const dispatch =
      hop.isOrphan && hop.sent === undefined && /\.step\.(completed|failed)$/.test(hop.work!.name)
        ? unanswered.get(attemptOf(hop.work))
        : undefined;
    if (dispatch === undefined) return true;
    hop.isOrphan = false;
    dispatch.next.push(hop);
    return false;
  });
}

/** Whether a hop is a step's dispatch of which no agent has recorded that it took it. */
export function isUntakenDispatch({ sent, work }: Pick<Hop, "sent" | "work">): boolean {
  return work === undefined && sent !== undefined && sent.name.endsWith(".step.dispatched");
}

function attemptOf(span: Span | undefined): string {
  const { [ATTRIBUTE.step]: step, [ATTRIBUTE.attempt]: attempt = 1 } = span?.attributes ?? {};
  return `${step}/${attempt}`;
}

type Visit = { node: SpanNode; hops: Hop[]; parts: PartNode[] | undefined };

/**
 * The one handling of a message, if it was taken once. The handling of another message under its sending is no such thing: between
 * the two was somebody who hands the trace on and records nothing.
 */
function onlyHandling(sent: Span, children: readonly SpanNode[]): SpanNode | undefined {
  const handlings = children.filter(({ span }) => isHandling(span) && messageOf(span) === messageOf(sent));
  return handlings.length === 1 ? handlings[0] : undefined;
}

/** When a hop began: with the sending of its message, where that was recorded. */
export function startOf({ sent, work }: Hop): number {
  return (sent ?? work)!.startMs;
}

/** The subject that a span is about. A timer's message has another one when it fires. */
function messageOf({ name }: Span): string {
  return name.slice(name.indexOf(" ") + 1).replace(/\.timers\.fired$/, ".timers.set");
}

function byStart(a: SpanNode, b: SpanNode): number {
  return a.span.startMs - b.span.startMs;
}
