const FIRST_MS = 500;
const LONGEST_MS = 30_000;
const JITTER = 0.25;

/**
 * How long to wait after a failed attempt before the next one, in milliseconds: 500 ms doubling up to 30 s, and up to a
 * quarter more, so that steps which failed together do not come back together. The same key always waits the same time.
 * @param attempt the attempt that failed, from 1
 */
export function backoffMs(attempt: number, key: string): number {
  const base = Math.min(FIRST_MS * 2 ** (attempt - 1), LONGEST_MS);
  return Math.round(base * (1 + JITTER * spread(key)));
}

/** A number from 0 to 1 that depends on every character of the key (FNV-1a, 32 bits). */
function spread(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) / 0xffff_ffff;
}
