import { ATTRIBUTE } from "../../shared/telemetry/names.ts";
import { duration } from "../render/time.ts";
import { oneLine } from "../render/text.ts";
import { isTimer, type Segment } from "./critical-path.ts";
import { stepOf, type TraceRow } from "./rows.ts";
import type { Span } from "./span.ts";

/** The words in which a row of a trace is told, on a terminal and in a page. */

const WAITS: Record<Exclude<Segment["what"], "work">, string> = {
  send: "sending messages",
  wait: "waiting for a consumer",
  timer: "waiting for a timer",
};

/** What a part of the critical path went into: the name of who worked, or what was waited for. */
export function spentOn({ what, service }: Pick<Segment, "what" | "service">): string {
  return what === "work" ? oneLine(service) : WAITS[what];
}

/** The spans of a row: of a message its sending and its handling, as far as they were recorded. */
export function spansOf({ sent, work, part }: TraceRow): Span[] {
  return [sent, work, part].filter((span) => span !== undefined);
}

/** What a row is about: the name of a part, of a message its subject without the prefix, e.g. `plan.routed`. */
export function nameOf(row: TraceRow): string {
  const [span] = spansOf(row);
  return (span?.name ?? "").replace(/^(publish|process) [^.]+\.(v\d+\.)?/, "");
}

/** Who did it: `halo → aop` for a message that one service sent and another handled. */
export function servicesOf({ sent, work, part, silentAgent }: TraceRow): string {
  if (silentAgent !== undefined) return `${sent?.service} → ${silentAgent} (writes no spans here)`;
  if (part !== undefined) return part.service;
  if (work === undefined) return sent?.service ?? "";
  return sent === undefined ? `→ ${work.service}` : `${sent.service} → ${work.service}`;
}

/** The step that a row itself names, and not only the handling that it is part of. */
export function namedStep(row: TraceRow): string | undefined {
  return spansOf(row).some((span) => stepOf(span) !== undefined) ? row.step : undefined;
}

/** The sign of a message: on the path that decided when the run ended, one that nobody is known to have taken, or any other. */
export type Sign = "◆" | "○" | "●";

/** The sign of a row that is a message. A timer that is set has nobody to take it before it fires, and most never do. */
export function signOf(row: TraceRow): Sign {
  if (row.isCritical) return "◆";
  return isTaken(row) || isTimer(row.sent) ? "●" : "○";
}

/** Whether somebody is known to have taken a message: its handling was recorded, or what follows from it. */
export function isTaken({ work, goesOn }: TraceRow): boolean {
  return work !== undefined || goesOn;
}

function isDispatch({ sent }: TraceRow): boolean {
  return sent?.name.endsWith(".step.dispatched") === true;
}

/**
 * The steps that were dispatched and that nobody is known to have taken, in words, and nothing where there is none. Whoever reads
 * where the time went must know first: it says that it was spent on waiting for the timer that gave such a step up.
 */
export function untakenText(rows: readonly TraceRow[]): string | undefined {
  const dispatches = rows.filter(isDispatch);
  // Of several attempts, one that was taken is what became of the step.
  const taken = new Set(dispatches.filter(isTaken).map(namedStep));
  const steps = new Set(dispatches.flatMap((row) => namedStep(row) ?? []).filter((step) => !taken.has(step)));
  if (steps.size === 0) return undefined;
  return `nobody is known to have taken ${steps.size === 1 ? "step" : "steps"} ${named([...steps])}`;
}

/** The first of some names, and how many more there are. */
export function named(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  return `${names.slice(0, NAMED).map(oneLine).join(", ")}${more}`;
}

/** A line names at most this many steps, and as many links. */
const NAMED = 3;

/** Whether a row tells of a failure: a span that failed, or a message that says so, as `step.failed` does. */
export function isFailure(row: TraceRow): boolean {
  return (
    spansOf(row).some(({ error }) => error !== undefined) ||
    (row.part === undefined && BAD_NEWS.test(nameOf(row)))
  );
}

const BAD_NEWS = /\.(failed|rejected|refused)$/;

/** What is to be said about a row beside its names and times. */
export type Remark = { text: string; isError: boolean };

/** What makes a row stand out: a later attempt, a redelivery, a timer's delay, errors, a parent that is missing. */
export function remarksOf(row: TraceRow): Remark[] {
  const spans = spansOf(row);
  const most = (key: string): number =>
    Math.max(1, ...spans.map(({ attributes }) => Number(attributes[key] ?? 1)));
  const attempt = most(ATTRIBUTE.attempt);
  const deliveries = most(ATTRIBUTE.natsDeliveryCount);
  const errors = new Set(spans.flatMap(({ error }) => error ?? []));
  return [
    ...(attempt > 1 ? [{ text: `attempt ${attempt}`, isError: false }] : []),
    ...(deliveries > 1 ? [{ text: `delivery ${deliveries}`, isError: false }] : []),
    ...delayOf(row),
    ...[...errors].map((text) => ({ text, isError: true })),
    ...(row.isOrphan ? [{ text: "its parent was not recorded", isError: false }] : []),
  ];
}

/** A timer's message is not handled when it was set but when the timer fires; its wait in the stream begins only then. */
function delayOf({ sent, work }: TraceRow): Remark[] {
  if (sent === undefined || !isTimer(sent) || work === undefined) return [];
  return [
    {
      text: `fired after ${duration(work.startMs - (work.queueWaitMs ?? 0) - sent.startMs)}`,
      isError: false,
    },
  ];
}

/** What a row is called where another one speaks of it. */
export function placeOf(row: TraceRow): { name: string; step?: string } {
  return { name: nameOf(row), ...(row.step !== undefined && { step: row.step }) };
}

/** A span that another one links to: its row, if it is among them, and what and whose it is. */
export type LinkTarget = { row?: number; name: string; step?: string };

/** The links of each row, resolved among the rows of the trace. What is elsewhere is named by its trace. */
export function linksOf(rows: readonly TraceRow[]): LinkTarget[][] {
  const places = new Map(rows.flatMap((row, i) => spansOf(row).map((span) => [keyOf(span), i] as const)));
  return rows.map((row) =>
    spansOf(row).flatMap(({ links, traceId }) =>
      links.flatMap((link): LinkTarget[] => {
        const at = places.get(keyOf(link));
        if (at !== undefined) return [{ row: at, ...placeOf(rows[at]!) }];
        // One into the same trace leads to a span that nobody has recorded here.
        return link.traceId === traceId ? [] : [{ name: `trace ${link.traceId.slice(0, 8)}` }];
      }),
    ),
  );
}

function keyOf({ traceId, spanId }: { traceId: string; spanId: string }): string {
  return `${traceId}/${spanId}`;
}
