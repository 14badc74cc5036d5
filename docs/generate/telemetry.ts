import {
  ATTRIBUTES,
  CONVENTIONS,
  LOG_EVENTS,
  LOG_KEYS,
  METRICS,
  RESERVED_METRICS,
  RESOURCE_ATTRIBUTES,
  SEED_METRICS,
  SPANS,
  SPAN_EVENTS,
  TRANSPORT_SPANS,
  type LabelRow,
  type MetricRow,
  type NameRow,
  type SeedMetric,
  type SpanRow,
} from "../../shared/telemetry/names.ts";
import { code, table } from "./markdown.ts";

/**
 * What is made of the table of names: a page for people, an allow-list for the Collector, and rules for Prometheus.
 */
export const TELEMETRY_DOCUMENTS: Readonly<Record<string, () => string>> = {
  "docs/telemetry-reference.md": referencePage,
  "deploy/collector/allowed-attributes.yaml": allowedAttributes,
  "deploy/prometheus/recording-rules.yaml": recordingRules,
};

function referencePage(): string {
  return `# Every name of the telemetry

Spans, events, attributes, metrics and log keys: all there are, made from \`shared/telemetry/names.ts\` by \`docs/generate.ts\`.
How to read logs with \`jq\` stands in [logs](logs.md).

A name that is **stable** stays. One **in development** follows a convention that still moves, at the version that is named
here; it will be renamed with it. A **reserved** one is taken, and nothing writes it yet.

${bullets(Object.entries(CONVENTIONS).map(([name, version]) => `${name}: ${version}`))}

## Spans

The transport's, with the subject without its ids behind the name (\`process genesis.v1.plan.routed\`):

${table(["Span", "Means", "Stability"], Object.entries<NameRow>(TRANSPORT_SPANS).map(plainRow))}

The domain's. The layer stands on every span as \`genesis.layer\`; the duration of each is in the histogram that is named.

${table(["Span", "Layer", "Written by", "Means", "Histogram", "Stability"], Object.entries<SpanRow>(SPANS).map(spanRow))}

### Events

${table(["Event", "Means", "Stability"], Object.entries<NameRow>(SPAN_EVENTS).map(plainRow))}

An exception is none of them: it is a log line with \`event\` \`exception\` and the ids of the span that it left.

### Attributes

${table(["Attribute", "Written by", "Means", "Stability"], Object.values(ATTRIBUTES).map(attributeRow))}

Of the resource, which says whose spans they are:

${table(
  ["Attribute", "Means"],
  RESOURCE_ATTRIBUTES.map(({ name, means }) => [code(name), means]),
)}

## Metrics

Each service shows those that it writes itself, beside those of the transport and of the telemetry. A label takes the values that
are listed, or so many; whatever comes beyond is counted under \`other\`. A process has fewer than 500 series, with those of
Node and of the process itself (\`nodejs_…\`, \`process_…\`), which \`prom-client\` names. \`E\`: one
recent observation of each carries its \`trace_id\` and \`span_id\` as an exemplar.

Label sets under which nothing was recorded for an hour (\`GENESIS_METRICS_TTL_SECONDS\`) are taken away, so that values which were
used once do not take room for ever. What such a counter begins with when it comes again is growth that Prometheus does not
see. Counters whose values are all listed stay, and so does what agents cost, and the accounts of spans: each from 0 on.

${table(["Metric", "Type", "Unit", "Labels", "Written by", "Means", ""], metricRows())}

Bounds of the histograms:

${table(["Metric", "Upper bounds"], boundRows())}

Reserved:

${table(
  ["Metric", "Why nothing writes it"],
  Object.entries(RESERVED_METRICS).map(([name, why]) => [code(name), why]),
)}

### Names of the first Genesis

The summary of a process (\`GET /metrics/summary\`, \`metricsSummary()\`) has its metrics under these names too, and every operation
without a histogram of its own as \`<span>.duration\`.

${table(["Name", "Metric", "Which part of it", "Label"], Object.entries<SeedMetric>(SEED_METRICS).map(seedRow))}

## Log keys

A key that is not here is not written.

${table(
  ["Key", "Means"],
  Object.entries(LOG_KEYS).map(([key, { means }]) => [code(key), means]),
)}

### Log events

${table(
  ["`event`", "Written by", "Means"],
  Object.entries(LOG_EVENTS).map(([key, { owner, means }]) => [code(key), owner, means]),
)}
`;
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join("\n");
}

function plainRow([name, { means, stability }]: [string, NameRow]): string[] {
  return [code(name), means, stability];
}

function spanRow([name, { layer, owner, means, stability, namedAfter, seconds, kind }]: [
  string,
  SpanRow,
]): string[] {
  const shown = namedAfter === undefined ? name : `${name} {${namedAfter}}`;
  // A span around what waits is timed by whoever knows its end, in a metric of its own.
  const histogram =
    namedAfter === undefined
      ? METRICS[(seconds?.metric ?? "operationSeconds") as keyof typeof METRICS].name
      : "";
  return [
    code(shown),
    layer,
    owner,
    `${means}${kind ? ` (${kind})` : ""}`,
    histogram && code(histogram),
    stability,
  ];
}

function attributeRow({ name, owner, means, stability }: NameRow & { name: string }): string[] {
  return [code(name), owner, means, stability];
}

function metricRows(): string[][] {
  return Object.values<MetricRow>(METRICS).map(
    ({ name, kind, unit, labels, owner, means, exemplar, stability }) => [
      code(name),
      kind,
      code(unit),
      Object.entries(labels).map(labelText).join("; "),
      owner,
      `${means}${stability === "development" ? " (in development)" : ""}`,
      exemplar ? "E" : "",
    ],
  );
}

function labelText([name, row]: [string, LabelRow]): string {
  const values =
    "values" in row
      ? row.values.map((value) => (value === "" ? "empty" : value)).join(", ")
      : `at most ${row.atMost}`;
  return `${code(name)}: ${values}`;
}

function boundRows(): string[][] {
  return Object.values<MetricRow>(METRICS).flatMap(({ name, buckets }) =>
    buckets === undefined ? [] : [[code(name), buckets.join(", ")]],
  );
}

function seedRow([name, { metric, where = {}, label }]: [string, SeedMetric]): string[] {
  const part = Object.entries(where).map(([key, value]) => `${key} ${value}`);
  const renamed = label && `${code(label.name)} instead of ${code(label.from)}`;
  return [code(name), code(METRICS[metric].name), part.join(", ") || "all of it", renamed ?? "as it is"];
}

function allowedAttributes(): string {
  const names = [...Object.values(ATTRIBUTES), ...RESOURCE_ATTRIBUTES].map(({ name }) => name).toSorted();
  return `# The attributes that the Collector lets through: everything else is taken out, so a mistake here hides a value instead of telling it.
# Made from shared/telemetry/names.ts by docs/generate.ts; read by the redaction processor of otel-collector.yaml.
${names.map((name) => `- ${name}`).join("\n")}
`;
}

/**
 * Ratios are computed where they are asked for, and never stored by a service: these are the ones that are asked for
 * often.
 */
function recordingRules(): string {
  const runs = METRICS.runsFinished.name;
  const seconds = METRICS.runSeconds.name;
  const stages = METRICS.stageSeconds.name;
  return `# Made from shared/telemetry/names.ts by docs/generate.ts.
groups:
  - name: genesis
    rules:
      - record: genesis:run_success:ratio_rate5m
        expr: (sum(rate(${runs}{outcome="completed"}[5m])) or vector(0)) / (sum(rate(${runs}{outcome!="cancelled"}[5m])) > 0)
      - record: genesis:run_duration_seconds:p95_5m
        expr: histogram_quantile(0.95, sum by (le) (rate(${seconds}_bucket[5m])))
      - record: genesis:stage_duration_seconds:p95_5m
        expr: histogram_quantile(0.95, sum by (le, stage) (rate(${stages}_bucket[5m])))
`;
}
