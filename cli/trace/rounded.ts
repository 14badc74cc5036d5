/** Milliseconds to the microsecond: what lies beyond is noise of the clocks, and would take a third of a page's bytes. */
export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
