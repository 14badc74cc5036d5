import { context, trace, type Context, type Span } from "@opentelemetry/api";
import { now, nowMs } from "./clock.ts";
import { logStructured } from "./logging.ts";
import { recordPoint } from "./metrics.ts";
import { ATTRIBUTE, type SpanAttributes, type SpanName } from "./names.ts";
import { durationPoint, endParts, openParts } from "./parts.ts";
import { describeSpan, errorType, markFailed, startNamedSpan } from "./spans.ts";

/**
 * Runs `fn` inside a span and ends the span once `fn` has returned, or what it returned has settled. An error marks
 * the span, becomes a log line with the span's ids, and is thrown on unchanged.
 */
export function inSpan<T>(opened: Span, base: Context, fn: () => T): T {
  const { inside, parts } = openParts(trace.setSpan(base, opened));
  const end = (): void => {
    endParts(parts);
    opened.end(now());
  };
  const failed = (error: unknown): void => {
    markFailed(opened, error);
    context.with(inside, tell, undefined, error);
    end();
  };
  return followed(() => context.with(inside, fn), { done: end, failed });
}

/** What is done as an operation ends. */
type Ends = { done: () => void; failed: (error: unknown) => void };

/** Runs `fn` and says once how it ended: as it returns or throws, or when what it returned has settled. */
function followed<T>(fn: () => T, { done, failed }: Ends): T {
  const fail = (error: unknown): never => {
    failed(error);
    throw error;
  };
  let result: T;
  try {
    result = fn();
  } catch (error) {
    return fail(error);
  }
  if (isThenable(result)) {
    const settled = Promise.resolve(result).then((value: unknown) => {
      done();
      return value;
    }, fail);
    return settled as T;
  }
  done();
  return result;
}

/** Whether it settles later: a promise, or what other libraries return in place of one. */
function isThenable(result: unknown): result is PromiseLike<unknown> {
  return (
    result !== null &&
    (typeof result === "object" || typeof result === "function") &&
    "then" in result &&
    typeof result.then === "function"
  );
}

/**
 * Runs an operation, sync or async, as a span of the domain, with what is inside it below it. A thenable that is no
 * promise comes back as one. A generator, async or not, has done nothing yet as it is returned, and the span ends there:
 * put the span around the loop that reads it.
 */
export function span<T>(name: SpanName, attributes: SpanAttributes, fn: () => T): T {
  const active = context.active();
  return inSpan(startNamedSpan(name, { attributes }, active), active, fn);
}

/** Says what came of the work at hand, on its span. */
export function describeCurrentSpan(attributes: SpanAttributes): void {
  const current = trace.getActiveSpan();
  if (current !== undefined) describeSpan(current, attributes);
}

/**
 * As `span`, and its duration is recorded, whether it fails or not: in the histogram that its row names, or in that
 * of all operations.
 */
export function timedOperation<T>(name: SpanName, attributes: SpanAttributes, fn: () => T): T {
  const startedMs = nowMs();
  const measure = (outcome: SpanAttributes): void =>
    recordPoint(durationPoint(name, { ...attributes, ...outcome }, nowMs() - startedMs));
  return span(name, attributes, () =>
    followed(fn, {
      done: () => measure({}),
      failed: (error) => measure({ [ATTRIBUTE.errorType]: errorType(error) }),
    }),
  );
}

type Method<This, Args extends unknown[], R> = (this: This, ...args: Args) => R;

/** The same function, sync or async, with every call of it a span, which ends as that of `span` does. */
export function traced<This, Args extends unknown[], R>(
  name: SpanName,
  fn: Method<This, Args, R>,
  attributes: SpanAttributes = {},
): Method<This, Args, R> {
  const wrapped = function (this: This, ...args: Args): R {
    return span(name, attributes, () => fn.apply(this, args));
  };
  return Object.defineProperties(wrapped, {
    name: { value: fn.name, configurable: true },
    length: { value: fn.length, configurable: true },
  });
}

/**
 * A standard (TC39) method decorator: every call of the method is a span. For code that a compiler emits; Node's type
 * stripping does not read decorators, so what runs unbuilt uses `traced`.
 */
export function tracedOperation(name: SpanName, attributes: SpanAttributes = {}) {
  return <This, Args extends unknown[], R>(
    method: Method<This, Args, R>,
    _context: ClassMethodDecoratorContext<This, Method<This, Args, R>>,
  ): Method<This, Args, R> => traced(name, method, attributes);
}

/** Errors that have their line: one is told where it was thrown, and not again by every span that it leaves. */
const told = new WeakSet();

function tell(error: unknown): void {
  const isNew = typeof error !== "object" || error === null || !told.has(error);
  if (!isNew) return;
  if (typeof error === "object" && error !== null) told.add(error);
  const code = errorType(error);
  const level = code === "E_INTERNAL" ? "error" : "warn";
  logStructured(level, { event: "exception", code, err: error }, "an error left a span");
}
