/** Tasks that are wrong in every way that the contract has a code for. What they hold says `canary`, which no error may repeat. */

/** A task that is refused. `block` is its header block as it goes over the wire; none: it has no headers. */
export type Malformed = {
  what: string;
  payload: string | Uint8Array;
  block?: string;
  code: string;
  /** Where something is wrong, as the first detail of the error says it. */
  path: string;
};

const KIB = 1024;
const DAY_MS = 86_400_000;
const GOAL = '{"goal":"canary"}';

const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();
const nested = (levels: number): string =>
  `{"goal":"canary","input":${'{"a":'.repeat(levels)}1${"}".repeat(levels)}}`;

/** Bytes that are no text, or no JSON. */
function text(what: string, payload: string | Uint8Array, code = "E_JSON"): Malformed {
  return { what, payload, code, path: "" };
}

/** A goal with a field that is wrong. @param path where, if it is not the field itself */
function field(name: string, value: unknown, path = name): Malformed {
  const payload = JSON.stringify({ goal: "canary", [name]: value });
  return { what: `${path} as in ${payload.slice(0, 80)}`, payload, code: "E_SCHEMA", path };
}

/** A good payload with header lines that are wrong. @param path which header */
function header(what: string, path: string, ...lines: string[]): Malformed {
  return { what, payload: GOAL, block: blockOf(lines), code: "E_HEADER", path };
}

/** Header lines as a block on the wire. */
export function blockOf(lines: readonly string[]): string {
  return `NATS/1.0\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
}

const bytes = (...parts: (string | number)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "number" ? Buffer.of(part) : Buffer.from(part))));

export const MALFORMED_TASKS: readonly Malformed[] = [
  text("nothing", ""),
  text("no JSON", "canary"),
  text("half of a JSON text", '{"goal":"canary"'),
  text("two JSON texts", `${GOAL}${GOAL}`),
  text("33 levels", nested(32)),
  text("100,000 levels", nested(100_000)),
  text("100,000 levels that never end", "[".repeat(100_000)),
  text("a __proto__ key", '{"goal":"canary","input":{"__proto__":{"isAdmin":true}}}'),
  text("a __proto__ key in disguise", String.raw`{"goal":"canary","labels":{"\u005f_proto__":"x"}}`),
  text("invalid UTF-8", bytes('{"goal":"canary', 0xff, '"}'), "E_ENCODING"),
  text("a surrogate in UTF-8", bytes('{"goal":"canary', 0xed, 0xa0, 0x80, '"}'), "E_ENCODING"),
  text("an overlong slash", bytes('{"goal":"canary', 0xc0, 0xaf, '"}'), "E_ENCODING"),
  text("half a character, escaped", String.raw`{"goal":"canary","input":{"a":"\ud800"}}`, "E_ENCODING"),
  text("a byte order mark", `\uFEFF${GOAL}`, "E_ENCODING"),
  text("UTF-16", Buffer.from(GOAL, "utf16le"), "E_ENCODING"),
  text("a NUL", bytes('{"goal":"canary', 0, '"}'), "E_ENCODING"),

  ...["[]", '"canary"', "5", "null"].map((payload) => ({
    what: `a JSON text that is no object: ${payload}`,
    payload,
    code: "E_SCHEMA",
    path: "",
  })),
  { what: "no goal", payload: "{}", code: "E_SCHEMA", path: "goal" },
  field("goal", ""),
  field("goal", 5),
  ...["", "a.b", "*", ">", "a b", "büro", "x".repeat(65), 7].map((value) => field("taskType", value)),
  field("input", ["canary"]),
  field("context", "canary"),
  field("priority", "urgent"),
  ...["tomorrow", "2026-13-01T00:00:00Z", inDays(-1), inDays(6)].map((value) => field("deadline", value)),
  field("budget", { tokens: 2 ** 53 }, "budget.tokens"),
  field("budget", { tokens: 1.5 }, "budget.tokens"),
  field("budget", { costMicroUsd: -1 }, "budget.costMicroUsd"),
  field("policy", { maxSteps: 501 }, "policy.maxSteps"),
  field("policy", { maxDepth: 0 }, "policy.maxDepth"),
  field("policy", { minScore: 2 }, "policy.minScore"),
  field("policy", { profile: "canary" }, "policy.profile"),
  field("labels", { a: 1 }, "labels.a"),
  field("labels", Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`l${i}`, "x"]))),
  {
    what: "a number beyond all numbers",
    payload: '{"goal":"canary","policy":{"minScore":1e999}}',
    code: "E_SCHEMA",
    path: "policy.minScore",
  },

  {
    what: "a goal over 64 KiB",
    payload: JSON.stringify({ goal: "ü".repeat(32 * KIB + 1) }),
    code: "E_TOO_LARGE",
    path: "goal",
  },
  {
    what: "a task over 256 KiB",
    payload: JSON.stringify({ goal: "canary", input: { text: "x".repeat(256 * KIB) } }),
    code: "E_TOO_LARGE",
    path: "task.submitted",
  },

  header("a key of no character", "idempotency-key", "idempotency-key: "),
  header("a key that ends with a blank", "idempotency-key", "idempotency-key: key "),
  header("a key that begins with a blank", "idempotency-key", "idempotency-key:  key"),
  header("a key of 201 characters", "idempotency-key", `idempotency-key: ${"k".repeat(201)}`),
  header("a key that is not ASCII", "idempotency-key", "idempotency-key: schl\u00fcssel"),
  header("two keys", "idempotency-key", "idempotency-key: a", "idempotency-key: a"),
  header("a key in another case", "Idempotency-Key", "Idempotency-Key: canary"),
  header("a key in two cases", "Idempotency-Key", "idempotency-key: a", "Idempotency-Key: b"),
  header("two contexts", "traceparent", "traceparent: canary", "traceparent: canary"),
  header("a context in another case", "Traceparent", "Traceparent: canary"),
  header("a correlation id with a blank", "correlation-id", "correlation-id: can ary"),
  header("a correlation id with a NUL", "correlation-id", "correlation-id: canary\0"),
  header("a correlation id of 201 characters", "correlation-id", `correlation-id: ${"c".repeat(201)}`),
  header("17 headers", "headers", ...Array.from({ length: 17 }, (_, i) => `x-${i}: canary`)),
  header("headers over 4 KiB", "headers", `x-canary: ${"x".repeat(4096)}`),
  header("a header name with a blank", "headers", "x canary: 1"),
  header("a header line without a colon", "headers", "canary"),
  header("a header without a name", "headers", ": canary"),
];
