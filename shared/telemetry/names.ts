/**
 * Every name of the telemetry: spans, attributes, metrics and log keys, each with its reason. A name is declared here before
 * it is used; a test refuses strays. Imports nothing, so that pure files may read it too.
 */

/** Which part of the pipeline a span belongs to. */
export type SpanLayer = "ORCHESTRATION" | "HTDAG" | "HALO" | "AOP" | "EXECUTION";

/** The layer of what a service does itself; of a domain span its own row decides. */
export const SERVICE_LAYERS: Readonly<Record<string, SpanLayer>> = {
  gateway: "ORCHESTRATION",
  htdag: "HTDAG",
  halo: "HALO",
  aop: "AOP",
  execution: "EXECUTION",
  agents: "EXECUTION",
};

/** Spans of the transport; the subject's template follows the name, as the messaging conventions have it. */
export const TRANSPORT_SPANS = {
  publish: "one message sent, until the broker said that it is stored",
  process: "one message handled, until the last fact that it caused is stored",
} as const;

/** The name of a transport span, e.g. `process genesis.v1.plan.routed`. @param template a subject without its ids */
export function transportSpan(operation: keyof typeof TRANSPORT_SPANS, template: string): string {
  return `${operation} ${template}`;
}

export type SpanRow = {
  layer: SpanLayer;
  means: string;
  /** The attribute whose value follows the name, where the conventions want it so. */
  namedAfter?: "gen_ai.agent.name";
};

/** Spans of the domain: named parts of a pure decision, and what an agent does. */
export const SPANS = {
  "htdag.decompose": {
    layer: "HTDAG",
    means: "a goal, or the findings of a rejection, becomes a DAG of steps",
  },
  "htdag.generate_top_level_tasks": { layer: "HTDAG", means: "the method for the goal is chosen" },
  "halo.route": { layer: "HALO", means: "every step of a plan gets its agent, or the reason why not" },
  "halo.apply_rules": {
    layer: "HALO",
    means: "the rules are tried on every step of the plan, in order of priority",
  },
  "aop.validate": { layer: "AOP", means: "a routed plan is checked, scored and judged" },
  "aop.check.structure": { layer: "AOP", means: "cycles, dangling references, duplicates, limits" },
  "aop.check.solvability": { layer: "AOP", means: "whether the plan can be carried out by its agents" },
  "aop.check.completeness": { layer: "AOP", means: "whether the plan does all that was asked" },
  "aop.check.redundancy": { layer: "AOP", means: "whether the plan does anything twice" },
  "aop.check.containment": { layer: "AOP", means: "whether a revision leaves alone what has begun" },
  "aop.evaluate_quality": { layer: "AOP", means: "the quality score of the plan" },
  "execution.next": { layer: "EXECUTION", means: "what follows for a run: dispatches, timers, its end" },
  invoke_agent: { layer: "EXECUTION", means: "one attempt of a step", namedAfter: "gen_ai.agent.name" },
} as const satisfies Record<string, SpanRow>;

export type SpanName = keyof typeof SPANS;

/** Attribute keys, grouped by what they describe. A convention's rename is one edit here. */
export const ATTRIBUTE = {
  layer: "genesis.layer",
  errorType: "error.type",
  serverAddress: "server.address",
  serverPort: "server.port",

  // The message, by the messaging conventions (v1.44). The destination is the stream, since subjects end in run ids.
  messagingSystem: "messaging.system",
  messagingOperationName: "messaging.operation.name",
  messagingOperationType: "messaging.operation.type",
  messagingDestination: "messaging.destination.name",
  messagingTemplate: "messaging.destination.template",
  messagingConsumer: "messaging.consumer.group.name",
  messageId: "messaging.message.id",
  /** The convention's word for the correlation id. */
  conversationId: "messaging.message.conversation_id",
  messageBytes: "messaging.message.body.size",

  // What JetStream adds to it; no convention names these yet.
  natsStream: "messaging.nats.stream",
  natsSequence: "messaging.nats.sequence",
  natsDeliveryCount: "messaging.nats.delivery_count",
  /** Seconds from the broker's storing to the start of the work. */
  natsQueueWait: "messaging.nats.queue_wait",

  // Where in a run the work stands.
  run: "genesis.run",
  step: "genesis.step",
  attempt: "genesis.attempt",

  // The agent, by the GenAI conventions (of November 2026; all still in development).
  genAiOperation: "gen_ai.operation.name",
  genAiAgent: "gen_ai.agent.name",

  // What a stage decided.
  requestLength: "htdag.request_length",
  planner: "htdag.planner",
  revision: "genesis.revision",
  taskCount: "halo.task_count",
  unroutedCount: "halo.unrouted_count",
  ruleSetHash: "halo.rule_set.hash",
  profile: "aop.profile",
  qualityScore: "aop.quality_score",
  passed: "aop.passed",
  outcome: "genesis.outcome",
  dispatchedCount: "genesis.dispatched_count",
} as const;

export type AttributeKey = (typeof ATTRIBUTE)[keyof typeof ATTRIBUTE];
export type SpanAttributes = Partial<Record<AttributeKey, string | number | boolean>>;

/**
 * A label takes the values that are listed, or, where another table lists them, the first `atMost` that are seen. Whatever
 * comes beyond becomes `other`, so no input can make series without end.
 */
export type LabelRow = { values: readonly string[] } | { atMost: number };

export type MetricRow<L extends Readonly<Record<string, LabelRow>> = Readonly<Record<string, LabelRow>>> = {
  name: string;
  /** `s` for seconds, `1` for a ratio, or what is counted, in braces. */
  unit: string;
  means: string;
  labels: L;
  /** Upper bounds, for a histogram; a counter has none. */
  buckets?: readonly number[];
  /** Carries the trace and span of one recent observation, so that a number leads to a trace. */
  exemplar?: true;
};

/** What a label is given when its value is none of those that it may take. */
export const OTHER = "other";

const row = <L extends Readonly<Record<string, LabelRow>>>(
  name: string,
  unit: string,
  means: string,
  labels: L,
  buckets?: readonly number[],
): MetricRow<L> => ({ name, unit, means, labels, ...(buckets && { buckets }) });
const withExemplar = <L extends Readonly<Record<string, LabelRow>>>(metric: MetricRow<L>): MetricRow<L> => ({
  ...metric,
  exemplar: true,
});

/** The convention's advice for the time that a message takes, and finer below 5 ms: a hop here takes less. */
const MESSAGE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const RUN_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600];
/** Few, since there is one such histogram for each agent. */
const STEP_SECONDS = [0.01, 0.1, 0.5, 1, 5, 30, 300];
const SCORES = Array.from({ length: 20 }, (_, i) => (i + 1) / 20);
const PLAN_SIZES = [1, 2, 3, 5, 8, 13, 21, 34, 55, 100, 200, 500];

/** One per event type, the ways in, dead letters and timers, with room for as many again. */
const template = { atMost: 48 };
/** The codes of the contract's table, and empty where there was no error. */
const errorType = { atMost: 40 };
const consumer = { atMost: 100 };
const agent = { atMost: 100 };
const taskType = { atMost: 100 };
const outcome = { values: ["completed", "failed", "rejected", "cancelled", "expired"] };
const planner = { values: ["methods", "llm", "fallback"] };
const method = { values: ["rule", "capability", "fallback"] };
const profile = { values: ["genesis-v1", "aop-v1"] };
const verdict = { values: ["passed", "rejected"] };
const check = {
  values: ["structure", "solvability", "completeness", "redundancy", "containment", "quality"],
};
const spanState = { values: ["created", "exported", "failed", "dropped"] };

export const METRICS = {
  // The transport.
  published: row("messaging_client_sent_messages_total", "{message}", "messages that were to be stored", {
    template,
    error_type: errorType,
  }),
  publishSeconds: row(
    "messaging_client_operation_duration_seconds",
    "s",
    "from sending a message to the broker's word that it is stored",
    { template, error_type: errorType },
    MESSAGE_SECONDS,
  ),
  consumed: row(
    "messaging_client_consumed_messages_total",
    "{message}",
    "deliveries that were taken up, redeliveries too",
    { template, consumer },
  ),
  processSeconds: withExemplar(
    row(
      "messaging_process_duration_seconds",
      "s",
      "handling of one message, until its last fact is stored",
      { template, error_type: errorType },
      MESSAGE_SECONDS,
    ),
  ),
  queueWaitSeconds: withExemplar(
    row(
      "messaging_queue_wait_seconds",
      "s",
      "from the broker's storing of a message to the start of its handling",
      { template },
      MESSAGE_SECONDS,
    ),
  ),
  redelivered: row("messaging_redelivered_total", "{message}", "deliveries after the first", { consumer }),
  deadLetters: row("messaging_dlq_total", "{message}", "messages that could not be read or handled", {
    code: errorType,
  }),
  appendConflicts: row(
    "messaging_append_conflicts_total",
    "{message}",
    "facts that were refused because another one stood first",
    { template },
  ),

  // The telemetry itself.
  traceContextInvalid: row(
    "trace_context_invalid_total",
    "{message}",
    "messages that start a new trace because they carry no usable context",
    { reason: { values: ["missing", "malformed"] } },
  ),
  spans: row(
    "telemetry_spans_total",
    "{span}",
    "what became of the spans: created = exported + failed + dropped + what still waits",
    { exporter: { values: ["otlp", "file"] }, state: spanState },
  ),
  observeFailures: row(
    "telemetry_observe_failures_total",
    "{observation}",
    "observations that threw; the work went on without them",
    {},
  ),

  // Runs.
  runsSubmitted: withExemplar(row("run_submitted_total", "{run}", "tasks that were accepted", {})),
  runsFinished: withExemplar(
    row("run_completed_total", "{run}", "runs that reached their one end", { outcome }),
  ),
  runSeconds: withExemplar(
    row(
      "run_duration_seconds",
      "s",
      "from the storing of task.submitted to the decision that ended the run",
      { outcome },
      RUN_SECONDS,
    ),
  ),

  // HTDAG.
  plans: row("htdag_plans_total", "{plan}", "plans that were made, by what made them", { planner }),
  planSteps: row("htdag_tasks", "{step}", "steps of a plan", {}, PLAN_SIZES),

  // HALO.
  routings: withExemplar(
    row("halo_decisions_total", "{step}", "steps that were given to an agent, and by what", {
      agent,
      task_type: taskType,
      method,
    }),
  ),
  unrouted: row("halo_unrouted_total", "{step}", "steps that no agent could take", { task_type: taskType }),

  // AOP.
  qualityScore: withExemplar(
    row("aop_quality_score", "1", "quality score of a judged plan", { profile, verdict }, SCORES),
  ),
  checks: row("aop_checks_total", "{check}", "checks of plans, by their result", {
    check,
    result: { values: ["passed", "failed"] },
  }),

  // Execution and agents.
  dispatched: withExemplar(
    row("exec_dispatched_total", "{attempt}", "attempts that agents were asked for", { agent }),
  ),
  stepSeconds: withExemplar(
    row(
      "exec_step_duration_seconds",
      "s",
      "one attempt, from the agent's start to its result",
      { agent, outcome: { values: ["completed", "failed"] } },
      STEP_SECONDS,
    ),
  ),
} satisfies Record<string, MetricRow>;

export type MetricKey = keyof typeof METRICS;
export type LabelsOf<K extends MetricKey> = { [L in keyof (typeof METRICS)[K]["labels"]]: string };

/** One observation of a metric: how much a counter grows, or what a histogram saw. */
export type Point = { [K in MetricKey]: { metric: K; labels: LabelsOf<K>; value: number } }[MetricKey];

/**
 * What a stage tells about an event that it handled: attributes of the span that processed it, attributes of the parts
 * that were run (several entries for a part describe its last runs, in their order) and metric points. A service's `observe.ts` makes it, pure,
 * out of facts and of nothing else.
 */
export type Observation = {
  attributes?: SpanAttributes;
  parts?: readonly { part: SpanName; attributes: SpanAttributes }[];
  points?: readonly Point[];
};

/** Keys that a log line may have beside its message. What is not here is not written: no goal, input, output or result. */
export const LOG_KEYS = {
  event: "what happened, as a stable word to search for",
  service: "who wrote the line",
  trace_id: "the trace of the work, for the trace store",
  span_id: "the span of the work",
  correlation_id: "the user's request",
  run: "the run that the work belongs to",
  step: "the step of that run",
  attempt: "which attempt of the step",
  agent: "the agent that the line is about",
  code: "the error code of the contract",
  err: "an error: its type and code, and where it was thrown",
  subject: "the template of a subject, without its ids",
  stream: "a stream of the broker",
  consumer: "a durable consumer of the broker",
  seq: "the stream sequence of a message",
  duration_ms: "how long it took",
  count: "how many",
  http: "the address of /metrics, /livez and /readyz",
  signal: "the signal of the operating system",
  reason: "why, in fixed words",
  version: "of what the line is about",
  exporter: "where spans go",
} as const;

export type LogKey = keyof typeof LOG_KEYS;
