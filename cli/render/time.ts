const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in the two units that matter, e.g. `412 ms`, `2.4 s`, `3 min 5 s`, `2 d 4 h`. Negative ones (clocks differ) are 0. */
export function duration(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < 10) return `${trim(whole.toFixed(1))} ms`;
  if (whole < SECOND) return `${Math.round(whole)} ms`;
  if (whole < 10 * SECOND) return `${trim((whole / SECOND).toFixed(1))} s`;
  if (whole < MINUTE) return `${Math.floor(whole / SECOND)} s`;
  if (whole < HOUR) return two(whole, [MINUTE, "min"], [SECOND, "s"]);
  if (whole < DAY) return two(whole, [HOUR, "h"], [MINUTE, "min"]);
  return two(whole, [DAY, "d"], [HOUR, "h"]);
}

function two(ms: number, [large, largeName]: [number, string], [small, smallName]: [number, string]): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? "" : ` ${rest} ${smallName}`}`;
}

function trim(number: string): string {
  return number.replace(/\.0$/, "");
}

/** How long after the begin of something, or before it, e.g. `+412 ms`. */
export function offset(ms: number): string {
  return `${ms < 0 ? "-" : "+"}${duration(Math.abs(ms))}`;
}

/** A moment as RFC 3339 in UTC, with milliseconds. */
export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** The time of day in UTC, for lines that follow each other. */
export function timeOfDay(ms: number): string {
  return instant(ms).slice(11, 23);
}
