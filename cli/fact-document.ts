import type { Fact } from "./render/event.ts";
import { instant } from "./render/time.ts";

/** A fact of the log as one line of `--json`: the envelope as it stands, and where and when it does. */
export function factDocument(fact: Fact): Record<string, unknown> {
  const { storedAtMs, ...rest } = fact;
  const stored = { seq: fact.seq, storedAt: instant(storedAtMs) };
  if ("error" in rest) return { ...stored, ...rest };
  // The bytes of a result would only say the same again.
  const { raw: _raw, seq: _seq, ...event } = { raw: undefined, ...rest };
  return { ...stored, ...event };
}
