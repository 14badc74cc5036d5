import { readSlo } from "../slo.ts";

const SLO = readSlo();

/** The window of the objectives, as Prometheus writes it. */
export const WINDOW = SLO.window;
/** How many events a window needs before a share of them says anything: as many as the burn alerts ask for. */
export const LEAST_EVENTS = SLO.least.events;

/** The share of events that the most generous objective lets miss it: whatever misses more, misses any of them. */
export const MOST_ALLOWED = round(Math.max(...SLO.objectives.map(({ target }) => 1 - target)));
/** How many times as fast as it may a budget burns when the most urgent alert fires. */
export const FASTEST_BURN = Math.max(...SLO.burns.map(({ burn }) => burn));
/** The share of events at which every objective's budget burns as fast as that. */
export const FAST_BURNING = round(MOST_ALLOWED * FASTEST_BURN);

function round(share: number): number {
  return Number(share.toPrecision(6));
}

/**
 * Only the objectives that saw enough events: a share of a few says nothing.
 *
 * @param expr series by `slo`
 * @param window how far back events count
 */
export function ofEnoughEvents(expr: string, window: string): string {
  const counts = SLO.objectives.map(
    ({ id, total }) => `label_replace(sum(increase(${total}[${window}])), "slo", "${id}", "", "")`,
  );
  return `${expr} and on (slo) (${counts.join(" or ")}) >= ${LEAST_EVENTS}`;
}
