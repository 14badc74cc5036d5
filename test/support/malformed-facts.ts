import { blockOf } from "./malformed.ts";

/** Facts that are wrong in every way that the contract has a code for, each a `plan.decomposed` by its subject. */
export type MalformedFact = {
  what: string;
  /** What follows `plan.decomposed.` in the subject. */
  rest: string;
  payload: string | Uint8Array;
  block?: string;
  code: string;
};

const KIB = 1024;
let runs = 0;

/** A good fact with something changed. */
function fact(
  what: string,
  code: string,
  change: (envelope: Record<string, unknown>) => object,
): MalformedFact {
  const run = `malformed-${runs++}`;
  const envelope = {
    id: "0123456789abcdef0123456789abcdef",
    type: "plan.decomposed",
    version: 1,
    run,
    rev: 0,
    causationId: "",
    correlationId: "c",
    time: "2026-01-01T00:00:00.000Z",
    data: { planner: { kind: "fallback" }, steps: [], because: "a test" },
  };
  return { what, rest: `${run}.0`, payload: JSON.stringify({ ...envelope, ...change(envelope) }), code };
}

/** A good fact on a subject that it does not belong on. */
function elsewhere(what: string, rest: string): MalformedFact {
  return { ...fact(what, "E_ID", () => ({})), rest };
}

/** A good fact with header lines that are wrong. */
function header(what: string, ...lines: string[]): MalformedFact {
  return { ...fact(what, "E_HEADER", () => ({})), block: blockOf(lines) };
}

/** Something else than a fact. */
function bytes(what: string, code: string, payload: string | Uint8Array): MalformedFact {
  return { ...fact(what, code, () => ({})), payload };
}

export const MALFORMED_FACTS: readonly MalformedFact[] = [
  bytes("nothing", "E_JSON", ""),
  bytes("no JSON", "E_JSON", "{"),
  bytes("100,000 levels", "E_JSON", `${"[".repeat(100_000)}${"]".repeat(100_000)}`),
  bytes("a __proto__ key", "E_JSON", '{"__proto__":{"version":1}}'),
  bytes("invalid UTF-8", "E_ENCODING", Buffer.of(0x22, 0xff, 0x22)),
  bytes("a byte order mark", "E_ENCODING", "\uFEFF{}"),
  bytes("a NUL", "E_ENCODING", '{"a":"\0"}'),
  bytes("half a character, escaped", "E_ENCODING", String.raw`{"a":"\udfff"}`),
  bytes("no object", "E_SCHEMA", "[]"),
  bytes("more than 256 KiB", "E_TOO_LARGE", JSON.stringify("x".repeat(256 * KIB))),

  fact("a version from the future", "E_VERSION", () => ({ version: 2 })),
  fact("a version that is none", "E_SCHEMA", () => ({ version: "1" })),
  fact("another type than its subject's", "E_SCHEMA", () => ({ type: "plan.routed" })),
  fact("a type that nobody knows", "E_SCHEMA", () => ({ type: "plan.dreamt" })),
  fact("another run than its subject's", "E_SCHEMA", () => ({ run: "another" })),
  fact("another revision than its subject's", "E_SCHEMA", () => ({ rev: 1 })),
  fact("a revision beyond all numbers", "E_SCHEMA", () => ({ rev: 2 ** 53 })),
  fact("no correlation id", "E_SCHEMA", () => ({ correlationId: undefined })),
  fact("an id that is none", "E_SCHEMA", () => ({ id: "1" })),
  fact("a time that is none", "E_SCHEMA", () => ({ time: "today" })),
  fact("no data", "E_SCHEMA", () => ({ data: undefined })),
  fact("data of another type", "E_SCHEMA", () => ({ data: { planner: { kind: "guess" }, steps: {} } })),

  elsewhere("too few tokens", "malformed-short"),
  elsewhere("too many tokens", "malformed-long.0.0"),
  elsewhere("a run of 65 characters", `${"r".repeat(65)}.0`),
  elsewhere("a run with a colour", "\u001B[31mred.0"),
  elsewhere("a run that looks like another", "malfоrmed.0"),

  header("two correlation ids", "correlation-id: a", "correlation-id: b"),
  header("a context in another case", "Traceparent: 00-x"),
  header("17 headers", ...Array.from({ length: 17 }, (_, i) => `x-${i}: 1`)),
  header("headers over 4 KiB", `x: ${"x".repeat(4096)}`),
  header("a header name with a blank", "x y: 1"),
  header("a header line without a colon", "x"),
];
