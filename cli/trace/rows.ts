import { ATTRIBUTE } from "../../shared/telemetry/names.ts";
import { isUntakenDispatch, type Hop, type PartNode } from "./hops.ts";
import type { Span } from "./span.ts";

/**
 * One line of a drawn trace: a message (its sending, its handling, or both), or a part of the handling above it. Messages hang
 * on rails: one is brought about by the one above it on its rail, and where several follow from one, all but the last have a
 * rail of their own to the right. So a chain of a thousand messages is as wide as one of two.
 */
export type TraceRow = {
  sent?: Span;
  work?: Span;
  part?: Span;
  /** How deep a part lies in the handling, from 1; 0 for a message. */
  depth: number;
  /** Which rail, counted from the left; every rail to the left of it goes on below this row. */
  rail: number;
  /** Whether a tree begins here, or a rail off the one to the left. */
  begins?: "tree" | "branch";
  /** Whether the rail goes on below. */
  goesOn: boolean;
  isCritical: boolean;
  /** Whether the span that brought it about is in no file. */
  isOrphan: boolean;
  /** The step of the run that it belongs to. */
  step?: string;
  /** The agent that took a dispatched step and has recorded nothing here, as far as the trace tells its name. */
  silentAgent?: string;
};

/**
 * The lines of a trace, from the top. Where several messages follow from one, the rail goes on with the critical one, or else
 * with the one whose last span ends last.
 * @param critical the spans of the critical path
 */
export function traceRows(tops: readonly Hop[], critical: ReadonlySet<Span>): TraceRow[] {
  const ends = endsOf(tops, critical);
  const rows: TraceRow[] = [];
  const agents = new Map<string, string>();
  const open: Place[] = tops.toReversed().map((hop) => ({ hop, rail: 0, begins: "tree" }));
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { hop, rail } = at;
    for (const row of rowsOf(at, critical)) {
      rows.push(row);
      const agent = row.part?.attributes[ATTRIBUTE.haloAgent];
      if (row.step !== undefined && agent !== undefined) agents.set(row.step, String(agent));
      // What follows from it shows that it was taken.
      if (row.goesOn && isUntakenDispatch(row)) row.silentAgent = agents.get(row.step ?? "") ?? "its agent";
    }
    const [first, ...others] = hop.next;
    const main = others.reduce((last, next) => (ends.get(next)! >= ends.get(last!)! ? next : last), first);
    const sides = hop.next.filter((next) => next !== main);
    if (main) open.push({ hop: main, rail });
    for (const side of sides.toReversed()) open.push({ hop: side, rail: rail + 1, begins: "branch" });
  }
  return rows;
}

type Place = { hop: Hop; rail: number; begins?: "tree" | "branch" };

function rowsOf({ hop, rail, begins }: Place, critical: ReadonlySet<Span>): TraceRow[] {
  const { sent, work, isOrphan, parts, next } = hop;
  const step = stepOf(work) ?? stepOf(sent);
  const goesOn = next.length > 0;
  const isCritical = [sent, work].some((span) => span && critical.has(span));
  return [
    {
      ...(sent && { sent }),
      ...(work && { work }),
      depth: 0,
      rail,
      ...(begins && { begins }),
      goesOn,
      isCritical,
      isOrphan,
      ...(step !== undefined && { step }),
    },
    ...partsIn(parts).map(({ part, depth }) => {
      const own = stepOf(part) ?? step;
      const about = { rail, goesOn, ...(own !== undefined && { step: own }) };
      return { part, depth, ...about, isCritical: critical.has(part), isOrphan: false };
    }),
  ];
}

/** When the last span that follows from each message ends; never, where the critical path runs through it. */
function endsOf(tops: readonly Hop[], critical: ReadonlySet<Span>): Map<Hop, number> {
  const order: Hop[] = [];
  const open = [...tops];
  for (let hop = open.pop(); hop !== undefined; hop = open.pop()) {
    order.push(hop);
    open.push(...hop.next);
  }
  const ends = new Map<Hop, number>();
  for (const hop of order.toReversed()) {
    const own = [hop.sent, hop.work].filter((span) => span !== undefined);
    const all = [
      ...own.map(({ startMs, durationMs }) => startMs + durationMs),
      ...hop.next.map((next) => ends.get(next)!),
    ];
    ends.set(hop, own.some((span) => critical.has(span)) ? Infinity : all.reduce((a, b) => Math.max(a, b)));
  }
  return ends;
}

function partsIn(parts: readonly PartNode[]): { part: Span; depth: number }[] {
  const found: { part: Span; depth: number }[] = [];
  const open = parts.toReversed().map((node) => ({ node, depth: 1 }));
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { node, depth } = at;
    found.push({ part: node.span, depth });
    open.push(...node.parts.toReversed().map((inner) => ({ node: inner, depth: depth + 1 })));
  }
  return found;
}

/** The step that a span says it is about. */
export function stepOf(span: Span | undefined): string | undefined {
  const step = span?.attributes[ATTRIBUTE.step];
  return step === undefined ? undefined : String(step);
}
