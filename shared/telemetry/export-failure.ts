/** What is read in an error's text, and how it is told: the text itself holds addresses and what servers say. */
const REASONS: readonly [sign: RegExp, reason: string][] = [
  [/ECONNREFUSED/, "connection refused"],
  [/ENOTFOUND|EAI_AGAIN|Name resolution failed/, "host not found"],
  [/Protocol error/, "it speaks another protocol"],
  [/DEADLINE_EXCEEDED|timed out/i, "timed out"],
  [/UNAVAILABLE/, "not available"],
];

/**
 * Why an export failed, in fixed words: of gRPC, of HTTP or of the file system. A status or the code of an error of the
 * operating system where there are none.
 */
export function exportFailure(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  const code = "code" in error ? error.code : undefined;
  const known = REASONS.find(([sign]) => sign.test(`${String(code)} ${error.message}`));
  if (known !== undefined) return known[1];
  if (typeof code === "number") return `status ${code}`;
  return typeof code === "string" && /^E[A-Z]{2,20}$/.test(code) ? code : "failed";
}
