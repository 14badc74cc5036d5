import { createHash } from "node:crypto";
import canonicalize from "canonicalize";

/** SHA-256 of a text or of bytes, as hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** The RFC 8785 canonical JSON of a value: the same value always gives the same text. */
export function canonicalJson(value: unknown): string {
  return canonicalize(value) ?? "null";
}

/**
 * The hash that ties a dispatch to the plan that AOP passed: SHA-256 over the canonical JSON of the assignments
 * (agent and step only, sorted by step) and the steps as they stand in `plan.decomposed`.
 */
export function planHash(
  steps: readonly unknown[],
  assignments: readonly { step: string; agent: string }[],
): string {
  const pairs = assignments
    .map(({ agent, step }) => ({ agent, step }))
    .toSorted((a, b) => (a.step < b.step ? -1 : 1));
  return sha256(canonicalJson({ assignments: pairs, steps }));
}
