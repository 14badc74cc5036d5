/** Where a variable of OpenTelemetry does not do what its specification says ("Environment Variable Specification"). */
export type Deviation = { variables: readonly string[]; specification: string; here: string; why: string };

export const DEVIATIONS: readonly Deviation[] = [
  {
    variables: ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
    specification: "`http://localhost:4317`; over gRPC also without a scheme",
    here: "not set: nothing is sent; always with `http://` or `https://`",
    why: "where nobody listens, a process would try for ever; and the scheme says whether TLS is spoken",
  },
  {
    variables: ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"],
    specification: "`http/protobuf`; `http/json` may be offered",
    here: "`grpc`; `http/json` is ignored",
    why: "one connection for everything; and a wire that no Collector needs costs a package",
  },
  {
    variables: ["OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"],
    specification: "`10000`",
    here: "`2000`, from 1 to 60000",
    why: "an export that hangs keeps a queue from emptying, and the end of a process waits 2 s at most",
  },
  {
    variables: ["OTEL_BSP_EXPORT_TIMEOUT"],
    specification: "`30000`",
    here: "`2000`, from 1 to 60000",
    why: "the same",
  },
  {
    variables: ["OTEL_BSP_MAX_QUEUE_SIZE"],
    specification: "`2048`",
    here: "`8192`",
    why: "a run is some 30 spans, and they come in bursts: 2048 is 60 runs",
  },
  {
    variables: ["OTEL_BSP_SCHEDULE_DELAY"],
    specification: "`5000`",
    here: "`1000`",
    why: "a trace is looked for as soon as its run has ended; five times the spans would wait",
  },
  {
    variables: ["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"],
    specification: "no limit",
    here: "`1024`",
    why: "what comes from outside must not make a span of any size",
  },
  {
    variables: ["OTEL_SPAN_LINK_COUNT_LIMIT"],
    specification: "any number",
    here: "more than 128 has no effect",
    why: "a span of a join links to the first 128 of its inputs",
  },
  {
    variables: ["OTEL_TRACES_EXPORTER"],
    specification: "also `zipkin`",
    here: "`otlp`, `console` and `none`; another one is ignored",
    why: "a Collector makes it out of OTLP",
  },
  {
    variables: ["OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"],
    specification: "`otlp`",
    here: "not read",
    why: "metrics are scraped (`/metrics`), logs are JSON lines on standard output: one way out for each",
  },
  {
    variables: ["OTEL_SDK_DISABLED"],
    specification: "no telemetry of any signal",
    here: "no spans; metrics and log lines go on",
    why: "those two are not the SDK's",
  },
  {
    variables: ["OTEL_PROPAGATORS"],
    specification: "`tracecontext,baggage`",
    here: "not read: `traceparent` and `tracestate`",
    why: "the headers of messages are a contract; baggage may hold anything, and would travel into every fact",
  },
  {
    variables: ["OTEL_LOG_LEVEL"],
    specification: "`info`",
    here: "not read",
    why: "the SDK would write to standard output, which belongs to the log; what it has to say is counted, and told there",
  },
  {
    variables: ["OTEL_CONFIG_FILE"],
    specification: "a file that goes before all variables",
    here: "not read",
    why: "one place for settings",
  },
];
