/* oxlint-disable max-lines -- one table, so that there is one place to look */

/**
 * Every name of the telemetry: spans, events, attributes, metrics, labels, buckets and log keys, each with what it
 * means, who writes it and how firm it is. A name is declared here before it is used; a test refuses strays, and the
 * reference page, the Collector's allow-list and the recording rules are made from these rows. Imports nothing, so
 * that pure files may read it too.
 */

/** What the names follow. The second and third are still in development there: a rename is one edit here. */
export const CONVENTIONS = {
  general: "OpenTelemetry semantic conventions 1.44.0",
  messaging: "OpenTelemetry semantic conventions 1.44.0, docs/messaging",
  genAi: "open-telemetry/semantic-conventions-genai at 002c8a6ea1c8a42b14a4527db83b3cabcded610a",
} as const;

export type Convention = keyof typeof CONVENTIONS;

/**
 * `stable` names stay; those in `development` follow a convention that still moves; `reserved` ones are taken, and
 * nothing writes them yet.
 */
export type Stability = "stable" | "development" | "reserved";

/** The part of the house that writes a name. */
export type Owner = "transport" | "telemetry" | "gateway" | "htdag" | "halo" | "aop" | "execution" | "agents";

/** What every row says. */
export type NameRow = { means: string; owner: Owner; stability: Stability; convention?: Convention };

/** The type of a span: which part of the pipeline it belongs to. It stands on every span as `genesis.layer`. */
export const SpanType = {
  ORCHESTRATION: "ORCHESTRATION",
  HTDAG: "HTDAG",
  HALO: "HALO",
  AOP: "AOP",
  EXECUTION: "EXECUTION",
} as const;
export type SpanType = keyof typeof SpanType;

/** The layer of what a service does itself; of a domain span its own row decides. */
export const SERVICE_LAYERS: Readonly<Record<string, SpanType>> = {
  gateway: "ORCHESTRATION",
  htdag: "HTDAG",
  halo: "HALO",
  aop: "AOP",
  execution: "EXECUTION",
  agents: "EXECUTION",
};

/** Spans of the transport; the subject's template follows the name, as the messaging conventions have it. */
export const TRANSPORT_SPANS = {
  publish: {
    means: "one message sent, until the broker said that it is stored",
    owner: "transport",
    stability: "development",
    convention: "messaging",
  },
  process: {
    means: "one message handled, until the last fact that it caused is stored",
    owner: "transport",
    stability: "development",
    convention: "messaging",
  },
} as const satisfies Record<string, NameRow>;

/** The name of a transport span, e.g. `process genesis.v1.plan.routed`. @param template a subject without its ids */
export function transportSpan(operation: keyof typeof TRANSPORT_SPANS, template: string): string {
  return `${operation} ${template}`;
}

const given =
  (owner: Owner, stability: Stability = "stable", convention?: Convention) =>
  <const N extends string>(name: N, means: string): NameRow & { name: N } => ({
    name,
    means,
    owner,
    stability,
    ...(convention && { convention }),
  });
const general = given("telemetry", "stable", "general");
const messaging = given("transport", "development", "messaging");
const nats = given("transport", "development");
const run = given("transport");
const genAi = given("agents", "development", "genAi");
const htdag = given("htdag");
const halo = given("halo");
const aop = given("aop");
const execution = given("execution");

/** Attributes of spans, events and links, grouped by what they describe. */
export const ATTRIBUTES = {
  layer: given("telemetry")("genesis.layer", "the span's type: which part of the pipeline it belongs to"),
  errorType: general("error.type", "the code of the contract; only where something failed"),
  serverAddress: general("server.address", "the host of the broker, or of a model's endpoint"),
  serverPort: general("server.port", "its port"),
  /** On links. */
  linkReason: given("telemetry")(
    "genesis.link",
    "why a span links to another: `caller`, `cause`, `join` or `attempt`",
  ),

  // The message. The destination is the stream, since subjects end in run ids.
  messagingSystem: messaging("messaging.system", "`nats`"),
  messagingOperationName: messaging("messaging.operation.name", "`publish` or `process`"),
  messagingOperationType: messaging("messaging.operation.type", "`send` or `process`"),
  messagingDestination: messaging("messaging.destination.name", "the stream"),
  messagingTemplate: messaging("messaging.destination.template", "the subject without its ids"),
  messagingConsumer: messaging("messaging.consumer.group.name", "the durable consumer"),
  messageId: messaging("messaging.message.id", "the `Nats-Msg-Id`, which is the fact's id"),
  conversationId: messaging("messaging.message.conversation_id", "the correlation id"),
  messageBytes: messaging("messaging.message.body.size", "the size of the body in bytes"),

  // What JetStream adds to it; no convention names these yet.
  natsStream: nats("messaging.nats.stream", "the stream that the message stood in"),
  natsSequence: nats("messaging.nats.sequence", "its sequence there"),
  natsDeliveryCount: nats("messaging.nats.delivery_count", "1 for the first delivery"),
  natsQueueWait: nats(
    "messaging.nats.queue_wait",
    "seconds from the broker's storing to the start of the work",
  ),

  // Where in a run the work stands.
  run: run("genesis.run", "the run"),
  step: run("genesis.step", "the step of that run"),
  attempt: run("genesis.attempt", "which attempt of the step, from 1"),
  revision: run("genesis.revision", "the revision of the plan, from 0"),
  taskType: halo("genesis.task_type", "the task type of a step"),

  // Agents, models and evaluations.
  genAiOperation: genAi(
    "gen_ai.operation.name",
    "`invoke_workflow`, `plan`, `invoke_agent`, `execute_tool` or `chat`",
  ),
  genAiConversation: genAi("gen_ai.conversation.id", "the correlation id"),
  genAiWorkflow: genAi("gen_ai.workflow.name", "`genesis`"),
  genAiAgent: genAi("gen_ai.agent.name", "the agent, as its card names it"),
  genAiTool: genAi("gen_ai.tool.name", "the tool that an agent runs, as the agent calls it"),
  genAiProvider: genAi("gen_ai.provider.name", "who serves the model, as far as it is known"),
  genAiRequestModel: genAi("gen_ai.request.model", "the model that was asked"),
  genAiResponseModel: genAi("gen_ai.response.model", "the model that answered"),
  genAiFinishReasons: genAi("gen_ai.response.finish_reasons", "why the model stopped"),
  genAiInputTokens: genAi("gen_ai.usage.input_tokens", "tokens that were read"),
  genAiOutputTokens: genAi("gen_ai.usage.output_tokens", "tokens that were written"),
  genAiEvaluation: genAi("gen_ai.evaluation.name", "what was evaluated: `aop.quality`"),
  genAiEvaluationScore: genAi("gen_ai.evaluation.score.value", "the score, 0 to 1"),
  genAiEvaluationLabel: genAi("gen_ai.evaluation.score.label", "`pass` or `fail`"),
  costMicroUsd: execution("genesis.cost_micro_usd", "what it cost, in micro-USD"),
  stoppedFor: execution(
    "genesis.stopped_for",
    "why an attempt was told to stop: `finished`, the run has ended, or `drain`, its process ends",
  ),

  // What HTDAG decided.
  requestLength: htdag("htdag.request_length", "the length of the goal; its text is never told"),
  planner: htdag("htdag.planner", "`methods`, `llm` or `fallback`"),
  planTaskCount: htdag("htdag.task_count", "steps of the plan"),
  planDepth: htdag("htdag.depth", "levels of the plan"),
  updateOutcome: htdag("htdag.update_outcome", "how an update was answered"),

  // What HALO decided: of the plan as a whole, and of each step (its decision record, without the values that
  // matched).
  taskCount: halo("halo.task_count", "steps that were to be routed"),
  unroutedCount: halo("halo.unrouted_count", "steps that no agent can take"),
  ruleSetVersion: halo("halo.rule_set.version", "the version that the rule files carry"),
  ruleSetHash: halo("halo.rule_set.hash", "the hash of the rules"),
  ruleId: halo("halo.rule.id", "the rule that decided"),
  haloAgent: halo("halo.agent", "the agent that was chosen"),
  haloMethod: halo("halo.method", "`rule`, `capability` or `fallback`"),
  candidateCount: halo("halo.candidates.count", "agents that came into question"),
  margin: halo("halo.margin", "how far the chosen agent's score is ahead of the next; 0 where it is not"),
  explanation: halo(
    "halo.explanation",
    "the decision in words, without the values that matched, at most 1 KiB",
  ),
  candidateAgent: halo("halo.candidate.agent", "an agent that came into question"),
  candidateScore: halo("halo.candidate.score", "its score"),
  candidateRejected: halo("halo.candidate.rejected_because", "why it was not chosen"),

  // What AOP decided.
  profile: aop("aop.profile", "the weights that the score is made with"),
  qualityScore: aop("aop.quality_score", "the quality score, 0 to 1"),
  passed: aop("aop.passed", "whether the plan, or one check of it, passed"),
  checkScore: aop("aop.check.score", "the share of steps that a check has nothing against"),
  findingCount: aop("aop.check.findings", "how much a check found"),

  // What execution decided.
  dispatchedCount: execution("genesis.dispatched_count", "attempts that agents were asked for"),
  outcome: execution("genesis.outcome", "how the run ended"),
  rounds: execution("genesis.rounds", "revisions of the plan beyond the first"),
  stepsCompleted: execution("genesis.steps.completed", "steps that were completed"),
  stepsFailed: execution("genesis.steps.failed", "steps that failed"),
  stepsSkipped: execution("genesis.steps.skipped", "steps that were skipped"),
} as const satisfies Record<string, NameRow & { name: string }>;

type Attributes = typeof ATTRIBUTES;

/** The attribute keys alone, for whoever sets or reads them. */
export const ATTRIBUTE = Object.fromEntries(
  Object.entries(ATTRIBUTES).map(([key, { name }]) => [key, name]),
) as { readonly [K in keyof Attributes]: Attributes[K]["name"] };

export type AttributeKey = Attributes[keyof Attributes]["name"];
export type SpanAttributes = Partial<Record<AttributeKey, string | number | boolean | readonly string[]>>;

/** Attributes of the resource: whose spans they are. `OTEL_RESOURCE_ATTRIBUTES` may add others. */
export const RESOURCE_ATTRIBUTES = [
  general("service.name", "the service"),
  general("service.namespace", "`genesis`"),
  general("service.version", "the version of Genesis"),
  general("service.instance.id", "this process"),
  general("deployment.environment.name", "where it runs, if `OTEL_RESOURCE_ATTRIBUTES` says so"),
  general("telemetry.sdk.name", "the library that makes the spans"),
  general("telemetry.sdk.language", "its language"),
  general("telemetry.sdk.version", "its version"),
] as const;

/** Events inside spans. An exception is none of them: it is a log line with the ids of the span. */
export const SPAN_EVENTS = {
  "halo.candidate": {
    means:
      "an agent that came into question for a step, with its score and why it was not chosen; at most 16 a step",
    owner: "halo",
    stability: "stable",
  },
  "gen_ai.evaluation.result": {
    means: "the quality score of a plan, and whether it is enough",
    owner: "aop",
    stability: "development",
    convention: "genAi",
  },
} as const satisfies Record<string, NameRow>;

export type SpanEventName = keyof typeof SPAN_EVENTS;
export type SpanEvent = { name: SpanEventName; attributes: SpanAttributes };

export type SpanRow = NameRow & {
  layer: SpanType;
  /** INTERNAL where it does not say. */
  kind?: "CLIENT";
  /** The attribute whose value follows the name, where the conventions want it so. */
  namedAfter?: AttributeKey;
  /**
   * The histogram that holds its durations, where it has one of its own, and the attributes that its labels are taken
   * from.
   */
  seconds?: { metric: string; labels: Readonly<Record<string, AttributeKey>> };
};

const span = (layer: SpanType, owner: Owner, means: string, more: Partial<SpanRow> = {}): SpanRow => ({
  layer,
  owner,
  means,
  stability: "stable",
  ...more,
});
const fromGenAi = { stability: "development", convention: "genAi" } as const;

/** Spans of the domain: named parts of a pure decision, and what an agent does. */
export const SPANS = {
  "htdag.decompose": span(
    "HTDAG",
    "htdag",
    "a goal, or the findings of a rejection, becomes a DAG of steps",
    {
      seconds: { metric: "decomposeSeconds", labels: { planner: "htdag.planner" } },
    },
  ),
  "htdag.generate_top_level_tasks": span("HTDAG", "htdag", "the method for the goal is chosen"),
  "htdag.update_dag": span("HTDAG", "htdag", "a running plan is changed; updates are refused so far", {
    stability: "reserved",
  }),
  "halo.route": span("HALO", "halo", "every step of a plan gets its agent, or the reason why not", {
    seconds: { metric: "routeSeconds", labels: {} },
  }),
  "halo.apply_rules": span(
    "HALO",
    "halo",
    "the rules are tried on every step of the plan, in order of priority",
  ),
  "halo.decide": span(
    "HALO",
    "halo",
    "one step gets its agent: its decision record; the first 64 steps of a plan",
  ),
  "aop.validate": span("AOP", "aop", "a routed plan is checked, scored and judged", {
    seconds: { metric: "validateSeconds", labels: {} },
  }),
  "aop.check.structure": span("AOP", "aop", "cycles, dangling references, duplicates, limits"),
  "aop.check.solvability": span("AOP", "aop", "whether the plan can be carried out by its agents"),
  "aop.check.completeness": span("AOP", "aop", "whether the plan does all that was asked"),
  "aop.check.redundancy": span("AOP", "aop", "whether the plan does anything twice"),
  "aop.check.containment": span("AOP", "aop", "whether a revision leaves alone what has begun"),
  "aop.evaluate_quality": span("AOP", "aop", "the quality score of the plan"),
  invoke_workflow: span(
    "ORCHESTRATION",
    "execution",
    "a whole run, from the storing of its task to its end",
    {
      ...fromGenAi,
      namedAfter: "gen_ai.workflow.name",
    },
  ),
  invoke_agent: span("EXECUTION", "agents", "one attempt of a step", {
    ...fromGenAi,
    namedAfter: "gen_ai.agent.name",
  }),
  execute_tool: span("EXECUTION", "agents", "a tool that an agent runs", {
    ...fromGenAi,
    namedAfter: "gen_ai.tool.name",
  }),
  chat: span(
    "EXECUTION",
    "agents",
    "one question to a model, asked once: what failed is asked again by the next attempt",
    {
      ...fromGenAi,
      kind: "CLIENT",
      namedAfter: "gen_ai.request.model",
      seconds: {
        metric: "modelSeconds",
        labels: { model: "gen_ai.request.model", error_type: "error.type" },
      },
    },
  ),
} as const satisfies Record<string, SpanRow>;

export type SpanName = keyof typeof SPANS;

/**
 * A label takes the values that are listed, or, where another table lists them, the first `atMost` that are seen.
 * Whatever comes beyond becomes `other`, so no input can make series without end.
 */
export type LabelRow = { values: readonly string[] } | { atMost: number };

export type MetricRow<L extends Readonly<Record<string, LabelRow>> = Readonly<Record<string, LabelRow>>> =
  NameRow & {
    name: string;
    kind: "counter" | "histogram" | "gauge";
    /** `s` for seconds, `By` for bytes, `1` for a ratio, or what is counted, in braces. */
    unit: string;
    labels: L;
    /** Upper bounds, for a histogram. */
    buckets?: readonly number[];
    /** Carries the trace and span of one recent observation, so that a number leads to a trace. */
    exemplar?: true;
  };

/** What a label is given when its value is none of those that it may take. */
export const OTHER = "other";

type Labels = Readonly<Record<string, LabelRow>>;
type Scale = { unit: string; buckets: readonly number[] };

/** Makes the rows of one owner. A histogram is given its scale, everything else its unit. */
const metrics = (owner: Owner, stability: Stability = "stable", convention?: Convention) => {
  const about = { owner, stability, ...(convention && { convention }) };
  const rowOf =
    (kind: MetricRow["kind"]) =>
    <L extends Labels>(name: string, scale: string | Scale, means: string, labels: L): MetricRow<L> => ({
      ...about,
      name,
      kind,
      means,
      labels,
      ...(typeof scale === "string" ? { unit: scale } : scale),
    });
  return { counter: rowOf("counter"), gauge: rowOf("gauge"), histogram: rowOf("histogram") };
};
const withExemplar = <L extends Labels>(metric: MetricRow<L>): MetricRow<L> => ({
  ...metric,
  exemplar: true,
});

// Every bucket of every label set is a series of its own, and a service has 500: so there are few.
/**
 * The convention's advice for the time that a message takes, thinned out above 100 ms and finer below 5: a hop here
 * takes less.
 */
const MESSAGE_TIME = { unit: "s", buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 10] };
/** A hop through an agent takes as long as the agent, whose attempts may last minutes. */
const STAGE_TIME = { unit: "s", buckets: [...MESSAGE_TIME.buckets.slice(0, -1), 2.5, 10, 30, 120, 600] };
/** Just as long, for each kind of message, and so with fewer bounds below 100 ms. */
const WORK_TIME = { unit: "s", buckets: [0.001, 0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 120, 600] };
/** Parts of a decision take microseconds. */
const PART_TIME = { unit: "s", buckets: [0.0001, 0.00025, 0.001, 0.0025, 0.01, 0.1, 1] };
const RUN_TIME = { unit: "s", buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3600] };
/** Few, since every agent has them twice: once more where it fails. */
const STEP_TIME = { unit: "s", buckets: [0.25, 2, 20, 300] };
const MODEL_TIME = { unit: "s", buckets: [0.08, 0.32, 1.28, 5.12, 20.48, 81.92] };
const SCORE = { unit: "1", buckets: Array.from({ length: 20 }, (_, i) => (i + 1) / 20) };
const MARGIN = { unit: "1", buckets: [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] };
const PLAN_SIZE = { unit: "{step}", buckets: [1, 2, 3, 5, 8, 13, 21, 34, 55, 100, 200, 500] };
const DEPTH = { unit: "{level}", buckets: [1, 2, 3, 5, 8, 13, 32] };
const CANDIDATES = { unit: "{agent}", buckets: [0, 1, 2, 3, 5, 8, 16] };
const ROUNDS = { unit: "{revision}", buckets: [0, 1, 2, 3, 5, 10] };
const ATTEMPTS = { unit: "{attempt}", buckets: [1, 2, 3, 5, 10] };

/** One per event type, the ways in, dead letters and timers, with room for as many again. */
const template = { atMost: 48 };
/** The codes of the contract's table, and empty where there was no error. */
const errorType = { atMost: 40 };
/**
 * All that a dead letter can be there for: the codes of the contract's table. Listed, so that each of them counts from
 * 0 on, and the first dead letter of its kind is growth as the second is.
 */
const deadLetterCode = {
  values: [
    "E_JSON",
    "E_ENCODING",
    "E_SCHEMA",
    "E_VERSION",
    "E_HEADER",
    "E_ID",
    "E_TOO_LARGE",
    "E_CONFLICT",
    "E_DAG_CYCLE",
    "E_DAG_REF",
    "E_DAG_DUP",
    "E_DAG_LIMIT",
    "E_NO_AGENT",
    "E_VALIDATION",
    "E_AGENT",
    "E_TIMEOUT",
    "E_BUDGET",
    "E_POISON",
    "E_STALE",
    "E_INPUT",
    "E_OVERLOAD",
    "E_STORAGE",
    "E_FORBIDDEN",
    "E_INTERNAL",
  ],
};
/** The streams of a cell. */
const stream = { atMost: 8 };
/** Durables; those of one agent count as one, whatever the lane. */
const consumer = { atMost: 100 };
const agent = { atMost: 100 };
const taskType = { atMost: 100 };
const rule = { atMost: 100 };
const model = { atMost: 16 };
/** The spans that have no histogram of their own. */
const operation = { atMost: 24 };
const stage = { values: Object.keys(SERVICE_LAYERS) };
const outcome = { values: ["completed", "failed", "rejected", "cancelled", "expired"] };
const planner = { values: ["methods", "llm", "fallback"] };
const method = { values: ["rule", "capability", "fallback"] };
const profile = { values: ["genesis-v1", "aop-v1"] };
const verdict = { values: ["passed", "rejected"] };
const check = {
  values: ["structure", "solvability", "completeness", "redundancy", "containment", "quality"],
};
/** `otlp`, `file` and `console`; a process has those that it exports to, from 0 on. */
const exporter = { atMost: 3 };
const spanState = { values: ["created", "exported", "failed", "dropped"] };

const ofMessaging = metrics("transport", "development", "messaging");
const ofTransport = metrics("transport");
const ofTelemetry = metrics("telemetry");
const ofGateway = metrics("gateway");
const ofHtdag = metrics("htdag");
const ofHalo = metrics("halo");
const ofAop = metrics("aop");
const ofExecution = metrics("execution");
const ofAgents = metrics("agents");
const ofGenAi = metrics("agents", "development", "genAi");

export const METRICS = {
  // The transport.
  published: ofMessaging.counter(
    "messaging_client_sent_messages_total",
    "{message}",
    "messages that were to be stored",
    {
      template,
      error_type: errorType,
    },
  ),
  // Named as in the conventions, and not by them: with the operation and the error as labels it would take twice the
  // series.
  publishSeconds: ofTransport.histogram(
    "messaging_client_operation_duration_seconds",
    MESSAGE_TIME,
    "from sending a message to the broker's word on it, failed ones too; it depends on the stream, not on the subject",
    { stream },
  ),
  consumed: ofMessaging.counter(
    "messaging_client_consumed_messages_total",
    "{message}",
    "deliveries that were taken up, redeliveries too",
    { template, consumer },
  ),
  processSeconds: withExemplar(
    ofMessaging.histogram(
      "messaging_process_duration_seconds",
      WORK_TIME,
      "handling of one message, until its last fact is stored",
      { template },
    ),
  ),
  processFailures: ofTransport.counter(
    "messaging_process_failures_total",
    "{message}",
    "deliveries whose handling failed; most come again",
    { template, error_type: errorType },
  ),
  queueWaitSeconds: withExemplar(
    ofTransport.histogram(
      "messaging_queue_wait_seconds",
      WORK_TIME,
      "from the broker's storing of a message to the start of its handling; first deliveries",
      { template },
    ),
  ),
  redelivered: ofTransport.counter("messaging_redelivered_total", "{message}", "deliveries after the first", {
    consumer,
  }),
  deadLetters: ofTransport.counter(
    "messaging_dlq_total",
    "{message}",
    "messages that could not be read or handled",
    { code: deadLetterCode },
  ),
  appendConflicts: ofTransport.counter(
    "messaging_append_conflicts_total",
    "{message}",
    "facts that were refused because another one stood first",
    { template },
  ),

  // The broker, asked when somebody scrapes.
  brokerHealthy: ofTransport.gauge(
    "nats_healthy",
    "1",
    "1 while this process is connected and the broker has refused it nothing for a minute",
    {},
  ),
  consumerPending: ofTransport.gauge(
    "nats_consumer_pending",
    "{message}",
    "messages that wait for a durable of this service",
    { consumer },
  ),
  consumerAckPending: ofTransport.gauge(
    "nats_consumer_ack_pending",
    "{message}",
    "messages that a durable of this service has handed out and nobody has settled",
    { consumer },
  ),
  streamBytes: ofGateway.gauge("nats_stream_bytes", "By", "the size of a stream", { stream }),
  streamLimitBytes: ofGateway.gauge(
    "nats_stream_limit_bytes",
    "By",
    "how large it may grow; none: no limit",
    {
      stream,
    },
  ),
  streamMessages: ofGateway.gauge("nats_stream_messages", "{message}", "messages in a stream", { stream }),

  // The telemetry itself.
  traceContextInvalid: ofTelemetry.counter(
    "trace_context_invalid_total",
    "{message}",
    "messages that start a new trace because they carry no usable context",
    { reason: { values: ["missing", "malformed"] } },
  ),
  spans: ofTelemetry.counter(
    "telemetry_spans_total",
    "{span}",
    "what became of the spans: created = exported + failed + dropped, once nothing waits any more",
    { exporter, state: spanState },
  ),
  observeFailures: ofTelemetry.counter(
    "telemetry_observe_failures_total",
    "{observation}",
    "observations that threw, or were no number; the work went on without them",
    {},
  ),
  seriesRefused: ofTelemetry.counter(
    "telemetry_series_refused_total",
    "{point}",
    "points that were counted under `other`, or of histograms left out, because the process has as many series as it may have",
    {},
  ),
  operationSeconds: withExemplar(
    ofTelemetry.histogram(
      "operation_duration_seconds",
      PART_TIME,
      "duration of an operation that has no histogram of its own, by the name of its span",
      { operation },
    ),
  ),

  // Runs.
  runsSubmitted: withExemplar(
    ofGateway.counter("run_submitted_total", "{run}", "tasks that were accepted", {}),
  ),
  runsFinished: withExemplar(
    ofExecution.counter("run_completed_total", "{run}", "runs that reached their one end", { outcome }),
  ),
  runSeconds: withExemplar(
    ofExecution.histogram(
      "run_duration_seconds",
      RUN_TIME,
      "from the storing of task.submitted to the decision that ended the run (gen_ai.workflow.duration)",
      { outcome },
    ),
  ),
  firstDispatchSeconds: withExemplar(
    ofExecution.histogram(
      "run_first_dispatch_seconds",
      MESSAGE_TIME,
      "from the storing of task.submitted to that of the fact upon which a run's first step was dispatched",
      {},
    ),
  ),
  runRounds: ofExecution.histogram(
    "run_replan_rounds",
    ROUNDS,
    "revisions of a run's plan beyond the first",
    {},
  ),
  runCost: withExemplar(
    ofExecution.counter(
      "run_cost_total",
      "{microusd}",
      "what runs had spent when they ended, in micro-USD, as all their agents say, in whatever language",
      {},
    ),
  ),
  stageSeconds: withExemplar(
    ofTransport.histogram(
      "run_stage_duration_seconds",
      STAGE_TIME,
      "one hop of a run: from the storing of a message to the end of its handling, so with the wait",
      { stage },
    ),
  ),

  // HTDAG.
  decomposeSeconds: withExemplar(
    ofHtdag.histogram("htdag_decompose_duration_seconds", PART_TIME, "planning of one revision", { planner }),
  ),
  plans: ofHtdag.counter("htdag_plans_total", "{plan}", "plans that were made, by what made them", {
    planner,
    result: { values: ["planned", "empty"] },
  }),
  planSteps: ofHtdag.histogram(
    "htdag_tasks",
    PLAN_SIZE,
    "steps of a plan: of its top level, and all of them",
    {
      phase: { values: ["top_level", "final"] },
    },
  ),
  planDepth: ofHtdag.histogram("htdag_depth", DEPTH, "levels of a plan", {}),
  planUpdates: ofHtdag.counter(
    "htdag_updates_total",
    "{update}",
    "updates of running plans, by how they were answered",
    {
      outcome: { values: ["applied", "refused"] },
      reason: errorType,
    },
  ),

  // HALO.
  routeSeconds: withExemplar(
    ofHalo.histogram("halo_route_duration_seconds", PART_TIME, "routing of one plan", {}),
  ),
  routings: withExemplar(
    ofHalo.counter("halo_decisions_total", "{step}", "steps that were given to an agent, and by what", {
      agent,
      task_type: taskType,
      rule,
      method,
    }),
  ),
  candidates: ofHalo.histogram(
    "halo_candidates",
    CANDIDATES,
    "agents that came into question for a step",
    {},
  ),
  margin: ofHalo.histogram(
    "halo_decision_margin",
    MARGIN,
    "how far the chosen agent's score was ahead of the next candidate's; 0 where it was not",
    {},
  ),
  unrouted: ofHalo.counter("halo_unrouted_total", "{step}", "steps that no agent can take, by why", {
    reason: { values: ["no_agent", "unfit", "too_large"] },
  }),
  unexplained: ofHalo.counter(
    "halo_decisions_unexplained_total",
    "{step}",
    "decisions whose explanation does not name their agent; must stay 0",
    {},
  ),
  agentCapacity: ofHalo.gauge(
    "halo_agent_capacity",
    "{step}",
    "steps that an agent may do at a time, by its card",
    {
      agent,
    },
  ),

  // AOP.
  validateSeconds: withExemplar(
    ofAop.histogram("aop_validate_duration_seconds", PART_TIME, "judging of one plan", {}),
  ),
  qualityScore: withExemplar(
    ofAop.histogram("aop_quality_score", SCORE, "quality score of a judged plan", { profile, verdict }),
  ),
  checks: ofAop.counter("aop_checks_total", "{check}", "checks of plans, by their result", {
    check,
    result: { values: ["passed", "failed"] },
  }),
  planFailures: ofAop.counter("aop_failures_total", "{finding}", "what was found against plans, by code", {
    type: errorType,
  }),
  redundant: ofAop.counter("aop_redundant_total", "{step}", "steps that repeat another one", {}),

  // Execution and agents.
  dispatched: withExemplar(
    ofExecution.counter("exec_dispatched_total", "{attempt}", "attempts that agents were asked for", {
      agent,
    }),
  ),
  attempts: ofExecution.histogram(
    "exec_attempts",
    ATTEMPTS,
    "attempts of a step, when its run has ended",
    {},
  ),
  stepSeconds: withExemplar(
    ofAgents.histogram(
      "exec_step_duration_seconds",
      STEP_TIME,
      "one attempt, from the agent's start to its result (gen_ai.invoke_agent.duration)",
      { agent, outcome: { values: ["completed", "failed", "stopped"] } },
    ),
  ),
  inflight: ofAgents.gauge("exec_inflight", "{step}", "steps that an agent is at work on in this process", {
    agent,
  }),
  effectDuplicates: ofAgents.counter(
    "exec_effect_duplicates_total",
    "{attempt}",
    "attempts that were done although their result stood already: this one (`same`), or another (`late`)",
    { kind: { values: ["same", "late"] } },
  ),
  modelSeconds: withExemplar(
    ofGenAi.histogram("gen_ai_client_operation_duration_seconds", MODEL_TIME, "one question to a model", {
      model,
      error_type: { values: ["", "E_AGENT"] },
    }),
  ),
  // By agent, which is who is paid for, and not by provider and model as the conventions have it.
  tokens: withExemplar(
    ofAgents.counter(
      "gen_ai_client_inference_tokens_total",
      "{token}",
      "tokens that the agents of a process used, as they say",
      {
        agent,
        type: { values: ["input", "output"] },
      },
    ),
  ),
  cost: withExemplar(
    ofAgents.counter(
      "gen_ai_cost_total",
      "{microusd}",
      "what the agents of a process spent, in micro-USD, as they say",
      {
        agent,
      },
    ),
  ),
} satisfies Record<string, MetricRow>;

export type MetricKey = keyof typeof METRICS;
export type LabelsOf<K extends MetricKey> = { [L in keyof (typeof METRICS)[K]["labels"]]: string };

/** One observation of a metric: how much a counter grows, what a histogram saw, or what a gauge stands at. */
export type Point = { [K in MetricKey]: { metric: K; labels: LabelsOf<K>; value: number } }[MetricKey];

/** Names of metrics that are taken, and why nothing writes them. */
export const RESERVED_METRICS: Readonly<Record<string, string>> = {
  run_active:
    "no single process knows; `sum(run_submitted_total) - sum(run_completed_total)` does, until one of them restarts",
  halo_agent_load:
    "HALO knows the load of the plan at hand alone; `exec_inflight` and `nats_consumer_ack_pending` tell the true one",
  exec_breaker_state: "there are no circuit breakers yet",
  trace_completeness_total: "nobody audits the trace store yet",
};

/**
 * The metrics of the first Genesis, as keys of the summary: which of ours holds each, which part of it, and the label
 * that had another name or other values there.
 */
export const SEED_METRICS = {
  "htdag.task_count": { metric: "planSteps" },
  "htdag.final_task_count": { metric: "planSteps", where: { phase: "final" } },
  "halo.routing.decision": { metric: "routings" },
  "aop.validation.score": {
    metric: "qualityScore",
    label: { name: "passed", from: "verdict", values: { passed: "true", rejected: "false" } },
  },
} as const satisfies Record<string, SeedMetric>;

export type SeedMetric = {
  metric: MetricKey;
  where?: Readonly<Record<string, string>>;
  label?: { name: string; from: string; values: Readonly<Record<string, string>> };
};

/**
 * What is told of one part of a decision. Of several runs of a part the last are described, in their order; `key`
 * tells them apart.
 */
export type PartObservation = {
  part: SpanName;
  key?: string;
  attributes: SpanAttributes;
  events?: readonly SpanEvent[];
};

/** A span that tells of something as a whole, written when it is over. */
export type SummarySpan = {
  span: SpanName;
  attributes: SpanAttributes;
  /** When it began, in milliseconds since the epoch; it ends now. */
  startMs: number;
  /** The context that it stands under. */
  under: { traceparent: string; tracestate?: string | undefined } | undefined;
};

/**
 * What a stage tells about an event that it handled: attributes of the span that processed it, what the parts that
 * were run came to, metric points, and the summary of what is over. A service's `observe.ts` makes it, pure, out of
 * facts and of nothing else.
 */
export type Observation = {
  attributes?: SpanAttributes;
  parts?: readonly PartObservation[];
  points?: readonly Point[];
  summary?: SummarySpan;
  /** Lines for the operator. They are written with the ids of the run at hand; those of a step stand in the line. */
  lines?: readonly LogLine[];
};

/** A line of the log, of the level `warn`. */
export type LogLine = {
  fields: { event: LogEvent } & Partial<Record<LogKey, string | number>>;
  message: string;
};

const log = (owner: Owner, means: string): NameRow => ({ means, owner, stability: "stable" });

/**
 * Keys that a log line may have beside its message. What is not here is not written: no goal, input, output or
 * result.
 */
export const LOG_KEYS = {
  event: log("telemetry", "what happened, as a stable word to search for"),
  service: log("telemetry", "who wrote the line"),
  trace_id: log("telemetry", "the trace of the work, for the trace store"),
  span_id: log("telemetry", "the span of the work"),
  correlation_id: log("telemetry", "the user's request"),
  run: log("telemetry", "the run that the work belongs to"),
  step: log("telemetry", "the step of that run"),
  attempt: log("telemetry", "which attempt of the step"),
  agent: log("agents", "the agent that the line is about"),
  code: log("transport", "the error code of the contract"),
  err: log("telemetry", "an error: its type, code and details, and where it was thrown"),
  subject: log("transport", "the template of a subject, without its ids"),
  stream: log("transport", "a stream of the broker"),
  consumer: log("transport", "a durable consumer of the broker"),
  seq: log("transport", "the stream sequence of a message"),
  outcome: log("execution", "how a run ended"),
  deliveries: log("transport", "how often a message was delivered by now"),
  duration_ms: log("telemetry", "how long it took"),
  count: log("telemetry", "how many"),
  http: log("telemetry", "the address of /metrics, /livez and /readyz"),
  signal: log("telemetry", "the signal of the operating system"),
  reason: log("telemetry", "why, in fixed words"),
  version: log("telemetry", "of what the line is about"),
  exporter: log("telemetry", "where spans go"),
  endpoint: log("telemetry", "host and port that they are sent to"),
  variable: log("telemetry", "the environment variable that the line is about"),
} as const satisfies Record<string, NameRow>;

export type LogKey = keyof typeof LOG_KEYS;

/** The words that stand under `event` in our own log lines. Agents may use others. */
export const LOG_EVENTS = {
  starting: log("telemetry", "the process begins"),
  ready: log("telemetry", "it can work"),
  stopping: log("telemetry", "it was told to stop"),
  start_failed: log("telemetry", "it cannot start, and why"),
  drain_failed: log("telemetry", "it ended before everything in hand was finished"),
  work_ended: log("telemetry", "it ends because its work cannot go on"),
  connection_closed: log("telemetry", "it ends because the connection to the broker is gone for good"),
  crash: log("telemetry", "a bug ended it"),
  setting_ignored: log(
    "telemetry",
    "a standard variable has a value that is not one of its own; its default holds",
  ),
  "telemetry.export_failing": log("telemetry", "spans cannot be exported any more"),
  "telemetry.spans_rejected": log(
    "telemetry",
    "an export succeeded, and the other side rejected some of its spans, and how many",
  ),
  "telemetry.export_recovered": log("telemetry", "spans are exported again, all of them"),
  "telemetry.lost": log("telemetry", "the last spans could not be exported before the end, and how many"),
  exception: log("telemetry", "an error left a span; the line carries its ids"),
  appended: log("transport", "a fact was stored: those of steps at debug, the others at info"),
  broker_away: log("transport", "the broker does not answer; it is waited for"),
  consumer_lost: log("transport", "a consumer is bound to again"),
  retry_later: log("transport", "a message could not be handled and comes again"),
  dead_letter: log("transport", "a message was given up, and stands in the dead letters"),
  redrive_failed: log("transport", "a message that was to be handled again could not be"),
  late_result: log("agents", "another result of the step stands already"),
  submit_failed: log("gateway", "a request could not be answered because of a bug"),
  step_failed: log("agents", "an attempt failed: told by its agent, or by execution where that gave it up"),
  agent_idle: log("agents", "there is code for an agent, and no card"),
} as const satisfies Record<string, NameRow>;

export type LogEvent = keyof typeof LOG_EVENTS;
