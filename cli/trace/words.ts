import { ATTRIBUTE } from "../../shared/telemetry/names.ts";
import { duration } from "../render/time.ts";
import type { TraceRow } from "./rows.ts";
import type { Span } from "./span.ts";

/** The words in which a row of a trace is told, on a terminal and in a page. */

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
export function servicesOf({ sent, work, part }: TraceRow): string {
  if (part !== undefined) return part.service;
  if (work === undefined) return sent?.service ?? "";
  return sent === undefined ? `→ ${work.service}` : `${sent.service} → ${work.service}`;
}

/** What is to be said about a row beside its names and times. */
export type Remark = { text: string; isError: boolean };

/** What makes a row stand out: a later attempt, a redelivery, a timer's delay, errors, a parent that is missing. */
export function remarksOf(row: TraceRow): Remark[] {
  const spans = spansOf(row);
  const most = (key: string): number => Math.max(1, ...spans.map(({ attributes }) => Number(attributes[key] ?? 1)));
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
  if (!sent?.name.endsWith(".timers.set") || work === undefined) return [];
  return [{ text: `fired after ${duration(work.startMs - (work.queueWaitMs ?? 0) - sent.startMs)}`, isError: false }];
}

/** A span that another one links to: where in the drawing it stands, if it is in it, and what it is called. */
export type LinkTarget = { spanId: string; row?: number; name: string };

/** The links of each row, resolved among the rows of the trace. What is elsewhere is named by its trace. */
export function linksOf(rows: readonly TraceRow[]): LinkTarget[][] {
  const places = new Map(rows.flatMap((row, i) => spansOf(row).map((span) => [keyOf(span), i] as const)));
  return rows.map((row) =>
    spansOf(row).flatMap(({ links }) =>
      links.map((link) => {
        const at = places.get(keyOf(link));
        if (at === undefined) return { spanId: link.spanId, name: `trace ${link.traceId.slice(0, 8)}` };
        const { step } = rows[at]!;
        return { spanId: link.spanId, row: at, name: [nameOf(rows[at]!), step].filter(Boolean).join(" ") };
      }),
    ),
  );
}

function keyOf({ traceId, spanId }: { traceId: string; spanId: string }): string {
  return `${traceId}/${spanId}`;
}
