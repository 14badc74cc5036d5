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
 * What is left of the budgets, of those objectives that saw enough events: as many as the alerts need, and so many that one miss
 * does not spend it all. Of 22 runs one is 4.5 %, which is no news about an objective of 99 %.
 *
 * @param expr series by `slo`
 */
export function ofEnoughForBudget(expr: string): string {
  return where(expr, WINDOW, ({ target }) => Math.max(LEAST_EVENTS, Math.round(1 / (1 - target)) + 1));
}

/**
 * Only the objectives that saw as many events as the alerts need: a share of a few says nothing.
 *
 * @param expr series by `slo`
 * @param window how far back events count
 */
export function ofEnoughEvents(expr: string, window: string): string {
  return where(expr, window, () => LEAST_EVENTS);
}

type Objective = (typeof SLO.objectives)[number];

function where(expr: string, window: string, least: (objective: Objective) => number): string {
  const counts = SLO.objectives.map(
    (one) =>
      `label_replace(sum(increase(${one.total}[${window}])) >= ${least(one)}, "slo", "${one.id}", "", "")`,
  );
  return `${expr} and on (slo) (${counts.join(" or ")})`;
}
