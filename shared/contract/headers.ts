import { GenesisError } from "./errors.ts";

/** The headers of the contract, by their exact names. */
export const HEADER = {
  traceparent: "traceparent",
  tracestate: "tracestate",
  correlationId: "correlation-id",
  causationId: "causation-id",
  messageId: "Nats-Msg-Id",
  idempotencyKey: "idempotency-key",
  contentType: "content-type",
} as const;

export const MAX_HEADER_BYTES = 4096;
export const MAX_HEADER_NAMES = 16;

/** Headers as they came: exact name to all its values, blanks around them included. The bus hands them over as this, whatever its client library holds. */
export type HeaderValues = ReadonlyMap<string, readonly string[]>;

export const NO_HEADERS: HeaderValues = new Map();

const CORRELATION_ID = /^[\x21-\x7e]{1,200}$/;
/** Blanks at its ends would be lost on the way, and the run would be another than whoever sent it computed. */
const IDEMPOTENCY_KEY = /^(?! )[\x20-\x7e]{1,200}(?<! )$/;
const OURS = new Set<string>(Object.values(HEADER).map((name) => name.toLowerCase()));

/**
 * Refuses header blocks that could mean two things or cost too much: over 4 KiB or 16 names (the broker's own
 * `Nats-…` headers not counted), and a header of ours that comes twice or in another case.
 * @throws GenesisError `E_HEADER`
 */
export function checkHeaders(headers: HeaderValues): void {
  let bytes = 0;
  let names = 0;
  for (const [name, values] of headers) {
    if (OURS.has(name.toLowerCase())) {
      const isExact = Object.values<string>(HEADER).includes(name);
      if (!isExact || values.length > 1) throw headerError(name, "once, by its exact name");
    }
    if (name.startsWith("Nats-")) continue;
    names++;
    for (const value of values) bytes += name.length + value.length;
  }
  if (names > MAX_HEADER_NAMES || bytes > MAX_HEADER_BYTES) {
    throw headerError("headers", `at most ${MAX_HEADER_NAMES} names, ${MAX_HEADER_BYTES} bytes`);
  }
}

/** The one value of a header without the blanks around it, or undefined. */
export function headerOf(headers: HeaderValues, name: string): string | undefined {
  return headers.get(name)?.[0]?.trim();
}

/** Whether a text may stand as a correlation id. */
export function isCorrelationId(value: string): boolean {
  return CORRELATION_ID.test(value);
}

/** The caller's correlation id, or undefined where none was given. @throws GenesisError `E_HEADER` for one that could not travel on. */
export function correlationIdOf(headers: HeaderValues): string | undefined {
  const value = headerOf(headers, HEADER.correlationId);
  if (value !== undefined && !isCorrelationId(value))
    throw headerError(HEADER.correlationId, "1 to 200 printable ASCII characters");
  return value;
}

/**
 * The caller's idempotency key. @throws GenesisError `E_HEADER` unless it is 1 to 200 printable ASCII characters, no blank
 * at either end
 */
export function idempotencyKeyOf(headers: HeaderValues): string | undefined {
  const value = headers.get(HEADER.idempotencyKey)?.[0];
  if (value !== undefined && !IDEMPOTENCY_KEY.test(value))
    throw headerError(HEADER.idempotencyKey, "1 to 200 printable ASCII characters, no blank at either end");
  return value;
}

function headerError(path: string, rule: string): GenesisError {
  return new GenesisError("E_HEADER", [{ path: path.replaceAll(/[^A-Za-z0-9_-]/g, "?").slice(0, 64), rule }]);
}
