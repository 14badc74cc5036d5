/** A one-line change that breaks the instrumentation and leaves the work alone. */
export type Break = {
  what: string;
  /** The file that is changed, and the only place in it that reads so. */
  file: string;
  from: string;
  to: string;
  /** The tests that see it. */
  seenBy: string;
};

const MESSAGING = "shared/telemetry/messaging.ts";
const OF_MESSAGES = "shared/telemetry/messaging.test.ts";
const OF_TRACES = "test/traces/traces.bus.test.ts";

/** What goes wrong in instrumentations: in the library, where it is called, and in what is told. */
export const BREAKS: readonly Break[] = [
  {
    what: "a fact does not carry the context of who sent it",
    file: "shared/bus/append.ts",
    from: "headers: { ...headers, ...trace, ...expected },",
    to: "headers: { ...headers, ...expected },",
    seenBy: OF_TRACES,
  },
  {
    what: "a timer does not carry the context of who set it",
    file: "shared/bus/timers.ts",
    from: "      ...trace,\n",
    to: "",
    seenBy: OF_TRACES,
  },
  {
    what: "a message is handled under no parent",
    file: MESSAGING,
    from: "const base = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);",
    to: "const base = ROOT_CONTEXT;",
    seenBy: OF_MESSAGES,
  },
  {
    what: "what comes from outside is handled under the caller's span",
    file: MESSAGING,
    from: "(override(message) ?? producer)",
    to: "(producer ?? override(message))",
    seenBy: OF_MESSAGES,
  },
  {
    what: "a signal is not put under the task of its run",
    file: "shared/bus/processed.ts",
    from: "const under = isFromOutside ? traceOf(task) : undefined;",
    to: "const under = undefined;",
    seenBy: OF_TRACES,
  },
  {
    what: "a later revision hangs under the rejection",
    file: "shared/bus/carry-out.ts",
    from: 'const isLaterRevision = type === "plan.decomposed" && rev > 0;',
    to: 'const isLaterRevision = type === "plan.decomposed" && rev > 99;',
    seenBy: OF_TRACES,
  },
  {
    what: "trace and span id are swapped in the headers",
    file: "shared/telemetry/trace-context.ts",
    from: "`00-${span.traceId}-${span.spanId}-${flags}`",
    to: "`00-${span.spanId}-${span.traceId}-${flags}`",
    seenBy: "shared/telemetry/trace-context.test.ts",
  },
  {
    what: "trace and span id are swapped in the log",
    file: "shared/telemetry/logging.ts",
    from: "trace_id: span.traceId, span_id: span.spanId",
    to: "trace_id: span.spanId, span_id: span.traceId",
    seenBy: "shared/telemetry/logging.test.ts",
  },
  {
    what: "what is not sampled is handed on as sampled",
    file: "shared/telemetry/trace-context.ts",
    from: '(span.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, "0")',
    to: '"01"',
    seenBy: OF_MESSAGES,
  },
  {
    what: "an unsampled run goes on as a sampled one",
    file: MESSAGING,
    from: "const isLeftOut = message.startsTrace === true && !isSampled(message);",
    to: "const isLeftOut = false;",
    seenBy: OF_MESSAGES,
  },
  {
    what: "a run that an unreadable plan ends is not told",
    file: "services/execution/main.ts",
    from: "      observeUnreadable: observe,\n",
    to: "",
    seenBy: OF_TRACES,
  },
  {
    what: "the span of a message that failed does not end",
    file: "shared/telemetry/operations.ts",
    from: "    context.with(inside, tell, undefined, error);\n    end();\n",
    to: "    context.with(inside, tell, undefined, error);\n",
    seenBy: "shared/telemetry/operations.test.ts",
  },
  {
    what: "the parts of a decision do not end",
    file: "shared/telemetry/parts.ts",
    from: "    span.end(hrTimeOf(endMs));\n",
    to: "",
    seenBy: "shared/telemetry/parts.test.ts",
  },
  {
    what: "the work is not done inside its span",
    file: "shared/telemetry/operations.ts",
    from: "followed(() => context.with(inside, fn), ",
    to: "followed(fn, ",
    seenBy: "shared/telemetry/operations.test.ts",
  },
  {
    what: "a span begins at the whole millisecond",
    file: "shared/telemetry/spans.ts",
    from: "{ ...options, startTime: hrTimeOf(startMs) }",
    to: "options",
    seenBy: OF_MESSAGES,
  },
  {
    what: "the dispatch of a join does not link to its inputs",
    file: "shared/bus/append.ts",
    from: "joins: append.links }",
    to: "joins: [] }",
    seenBy: OF_TRACES,
  },
  {
    what: "the handling that decides a join does not link to its inputs",
    file: "shared/bus/carry-out.ts",
    from: "    linkJoined(new Set(joins));\n",
    to: "    linkJoined([]);\n",
    seenBy: OF_TRACES,
  },
  {
    what: "a redelivery does not link to the attempt before it",
    file: "shared/telemetry/links.ts",
    from: "return message.deliveryCount > 1 ? handled.get(placeOf(message)) : undefined;",
    to: "return undefined;",
    seenBy: OF_MESSAGES,
  },
  {
    what: "a step that another process gave back does not link to what that did",
    file: "shared/bus/handle-step.ts",
    from: "  linkAttempts(givenBack);\n",
    to: "",
    seenBy: OF_TRACES,
  },
  {
    what: "the caller at the door is not linked",
    file: MESSAGING,
    from: '...linksTo("caller", [caller && spanContextOf(caller)]),',
    to: "",
    seenBy: OF_MESSAGES,
  },
  {
    what: "a failed span is not marked as one",
    file: "shared/telemetry/spans.ts",
    from: 'if (typeof code === "string") span.setStatus({ code: SpanStatusCode.ERROR, message: code });',
    to: "",
    seenBy: "shared/telemetry/observation.test.ts",
  },
  {
    what: "an agent's failure is not told on its span",
    file: "shared/agent/observe.ts",
    from: '...(outcome === "failed" && { [ATTRIBUTE.errorType]: ending.error }),',
    to: "",
    seenBy: "shared/agent/observe.test.ts",
  },
  {
    what: "an attempt is no span",
    file: "shared/agent/run-agents.ts",
    from: 'return span("invoke_agent", attributes, async () => {',
    to: "return (async (run: () => Promise<StepOutcome | undefined>) => run())(async () => {",
    seenBy: OF_TRACES,
  },
  {
    what: "attributes that are in no table are told",
    file: "shared/telemetry/spans.ts",
    from: "if (isKnown) return attributes as Attributes;",
    to: "if (isKnown || KNOWN.size > 0) return attributes as Attributes;",
    seenBy: "shared/telemetry/operations.test.ts",
  },
  {
    what: "the log inside a message does not know whose it is",
    file: MESSAGING,
    from: "correlationId: message.correlationId ?? correlationId,",
    to: "correlationId,",
    seenBy: OF_MESSAGES,
  },
  {
    what: "a wait is told in milliseconds",
    file: "shared/telemetry/message-attributes.ts",
    from: "return Math.max(0, waitMs) / MS_PER_S;",
    to: "return Math.max(0, waitMs);",
    seenBy: OF_MESSAGES,
  },
  {
    what: "an exemplar leads to the span where it should lead to the trace",
    file: "shared/telemetry/metrics.ts",
    from: "trace_id: span.traceId, span_id: span.spanId",
    to: "trace_id: span.spanId, span_id: span.traceId",
    seenBy: "shared/telemetry/metrics.test.ts",
  },
  {
    what: "the summary of a run hangs under its last message",
    file: "shared/telemetry/observation.ts",
    from: "const base = parent === undefined ? context.active() : trace.setSpanContext(ROOT_CONTEXT, parent);",
    to: "const base = context.active();",
    seenBy: "shared/telemetry/observation.test.ts",
  },
  {
    what: "spans that are dropped are not counted",
    file: "shared/telemetry/span-export.ts",
    from: 'if (isStopped || waiting >= queueSize) return count("dropped", 1);',
    to: "if (isStopped || waiting >= queueSize) return;",
    seenBy: "shared/telemetry/span-export.test.ts",
  },
  {
    what: "decisions are not told apart by their steps",
    file: "services/halo/observe.ts",
    from: "    key: step,\n",
    to: "",
    seenBy: "services/halo/observe.test.ts",
  },
];
