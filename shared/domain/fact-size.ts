import { MAX_FACT_BYTES } from "../contract/envelope.ts";

/** The envelope around a fact's data takes less than this. */
const ENVELOPE_BYTES = 1024;

/** Whether a fact with this data would be small enough to be written. */
export function fitsInFact(data: unknown): boolean {
  return new TextEncoder().encode(JSON.stringify(data)).length + ENVELOPE_BYTES <= MAX_FACT_BYTES;
}
