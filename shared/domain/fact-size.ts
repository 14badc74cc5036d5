import { MAX_FACT_BYTES } from "../contract/envelope.ts";

/** The envelope around a fact's data takes less than this. */
export const ENVELOPE_BYTES = 1024;
const ROOM = MAX_FACT_BYTES - ENVELOPE_BYTES;
/** A unit of UTF-16 takes at most this many bytes of UTF-8. */
const WIDEST = 3;

/** Whether a fact with this data would be small enough to be written. */
export function fitsInFact(data: unknown): boolean {
  const text = JSON.stringify(data);
  // Hardly any data is so large that its bytes have to be counted.
  return text.length * WIDEST <= ROOM || new TextEncoder().encode(text).length <= ROOM;
}
