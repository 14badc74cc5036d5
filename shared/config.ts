import { fileURLToPath } from "node:url";

/**
 * The one table of settings, and the only place that reads the environment. A row says which variable, who reads it,
 * what it means and how its text becomes a value; the settings page in docs/ is made from it.
 */

type Row<T> = {
  variable: string;
  default: string | undefined;
  readBy: string;
  means: string;
  secret?: true;
  /**
   * What does not fit of a value is ignored, as OpenTelemetry's specification has it for its own variables: nothing
   * about telemetry keeps a service from starting.
   */
  lenient?: true;
  parse: (text: string) => T;
};

/** A setting that cannot be used. Names the variable, never its value. */
export class SettingError extends Error {
  readonly variable: string;
  constructor(variable: string, rule: string) {
    super(`${variable} ${rule}`);
    this.name = "SettingError";
    this.variable = variable;
  }
}

/** What is wrong with a value, and what of it can be used all the same. */
class Unfit extends Error {
  readonly usable: unknown;
  constructor(rule: string, usable?: unknown) {
    super(rule);
    this.usable = usable;
  }
}

const text = (value: string): string => value;
const integer =
  (min: number, max: number) =>
  (value: string): number => {
    const n = Number(value);
    if (!/^\d+$/.test(value) || n < min || n > max)
      throw new Unfit(`must be a whole number from ${min} to ${max}`);
    return n;
  };
const fraction = (value: string): number => {
  const n = Number(value);
  if (!(n >= 0 && n <= 1)) throw new Unfit("must be a number from 0 to 1");
  return n;
};
const oneOf =
  <T extends string>(...allowed: readonly T[]) =>
  (value: string): T => {
    const found = allowed.find((a) => a === value);
    if (found === undefined) throw new Unfit(`must be one of ${allowed.join(", ")}`);
    return found;
  };
const url =
  (...protocols: readonly string[]) =>
  (value: string): string => {
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol))
      throw new Unfit(`must be a URL that begins with ${protocols.map((p) => `${p}//`).join(" or ")}`);
    return value;
  };
const list = (value: string): string[] =>
  value
    .split(",")
    .map((item) => item.trim())
    .filter(Boolean);
const listOf =
  <T extends string>(...allowed: readonly T[]) =>
  (value: string): T[] => {
    const items = list(value.toLowerCase());
    const known = allowed.filter((a) => items.includes(a));
    if (known.length === 0 || items.some((item) => !known.includes(item as T)))
      throw new Unfit(`must be some of ${allowed.join(", ")}`, known.length > 0 ? known : undefined);
    return known;
  };
/** As the specification wants it of its own words. */
const inAnyCase =
  <T>(parse: (value: string) => T) =>
  (value: string): T =>
    parse(value.toLowerCase());
const prefix = (value: string): string => {
  if (!/^[a-z][a-z0-9_-]{0,31}$/.test(value))
    throw new Unfit("must be 1 to 32 lower-case letters, digits, _ or -, beginning with a letter");
  return value;
};

const row = <T>(
  variable: string,
  fallback: string | undefined,
  readBy: string,
  means: string,
  parse: (value: string) => T,
): Row<T> => ({
  variable,
  default: fallback,
  readBy,
  means,
  parse,
});

const lenient = <T>(strict: Row<T>): Row<T> => ({ ...strict, lenient: true });

/** Only the word "true" is true, in any case, as for a variable of OpenTelemetry. */
const boolean = (value: string): boolean => {
  if (!/^(true|false)$/i.test(value)) throw new Unfit("must be true or false");
  return value.toLowerCase() === "true";
};

const GIB = 1024 ** 3;
const KIB = 1024;

export const SETTINGS = {
  natsUrl: row("NATS_URL", "nats://127.0.0.1:4222", "all", "the broker", url("nats:", "tls:", "ws:", "wss:")),
  prefix: row(
    "GENESIS_PREFIX",
    "genesis",
    "all",
    "first token of every subject, and in capitals the stream's name: one cell",
    prefix,
  ),
  catalog: row(
    "GENESIS_CATALOG",
    "business,audit",
    "setup, htdag, halo, aop, agents",
    "catalogues, by shipped name or folder, separated by commas",
    list,
  ),
  httpHost: row("GENESIS_HTTP_HOST", "127.0.0.1", "all", "address of /metrics, /livez and /readyz", text),
  httpPort: row(
    "GENESIS_HTTP_PORT",
    "9464",
    "all",
    "port of /metrics, /livez and /readyz; 0 picks a free one",
    integer(0, 65_535),
  ),
  logLevel: row(
    "GENESIS_LOG_LEVEL",
    "info",
    "all",
    "least severe log line that is written",
    oneOf("trace", "debug", "info", "warn", "error", "fatal"),
  ),
  logFormat: row(
    "GENESIS_LOG_FORMAT",
    "json",
    "all",
    "log lines for machines or for people",
    oneOf("json", "pretty"),
  ),
  logErrorText: row(
    "GENESIS_LOG_ERROR_TEXT",
    "false",
    "all",
    "true: log lines tell the text of every error, which may quote what users wrote",
    boolean,
  ),
  tracesFile: row(
    "GENESIS_TRACES_FILE",
    undefined,
    "all",
    "file that spans are appended to as OTLP JSON lines",
    text,
  ),
  auditRoot: row("GENESIS_AUDIT_ROOT", ".", "agents", "folder below which the audit agents may read", text),
  resultsDir: row(
    "GENESIS_RESULTS_DIR",
    ".genesis/results",
    "agents",
    "folder for the files that agents make",
    text,
  ),
  modelUrl: row(
    "GENESIS_MODEL_URL",
    undefined,
    "agents",
    "base URL of an OpenAI-compatible endpoint; without it the business agents are simulated",
    url("http:", "https:"),
  ),
  modelName: row("GENESIS_MODEL_NAME", undefined, "agents", "the model to ask there", text),
  modelKey: {
    ...row("GENESIS_MODEL_KEY", undefined, "agents", "the key for it", text),
    secret: true as const,
  },
  logMaxBytes: row(
    "GENESIS_LOG_MAX_BYTES",
    String(GIB),
    "setup",
    "size of the log in bytes; full is full, so see the operations page",
    integer(64 * KIB, 1024 * GIB),
  ),
  inboxMaxBytes: row(
    "GENESIS_INBOX_MAX_BYTES",
    String(GIB / 4),
    "setup",
    "size of the inbox in bytes",
    integer(64 * KIB, 1024 * GIB),
  ),
  dlqMaxBytes: row(
    "GENESIS_DLQ_MAX_BYTES",
    String(GIB / 4),
    "setup",
    "size of the dead letters in bytes; the oldest go first",
    integer(64 * KIB, 1024 * GIB),
  ),
  metricsTtlSeconds: row(
    "GENESIS_METRICS_TTL_SECONDS",
    "3600",
    "all",
    "after this many seconds without use a label set of a metric is dropped",
    integer(1, 604_800),
  ),
  tracesExporter: lenient(
    row(
      "OTEL_TRACES_EXPORTER",
      "otlp",
      "all",
      "where spans go, beside the traces file: otlp (where an endpoint is set), console, none, or several with commas",
      listOf("otlp", "console", "none"),
    ),
  ),
  otlpEndpoint: lenient(
    row(
      "OTEL_EXPORTER_OTLP_ENDPOINT",
      undefined,
      "all",
      "where spans are sent; none: nowhere",
      url("http:", "https:"),
    ),
  ),
  otlpTracesEndpoint: lenient(
    row(
      "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
      undefined,
      "all",
      "the same, for traces alone",
      url("http:", "https:"),
    ),
  ),
  otlpProtocol: lenient(
    row(
      "OTEL_EXPORTER_OTLP_PROTOCOL",
      "grpc",
      "all",
      "how spans are sent",
      inAnyCase(oneOf("grpc", "http/protobuf")),
    ),
  ),
  otlpTracesProtocol: lenient(
    row(
      "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
      undefined,
      "all",
      "the same, for traces alone",
      inAnyCase(oneOf("grpc", "http/protobuf")),
    ),
  ),
  otlpTimeoutMs: lenient(
    row(
      "OTEL_EXPORTER_OTLP_TIMEOUT",
      "2000",
      "all",
      "milliseconds that one export may take",
      integer(1, 60_000),
    ),
  ),
  otlpTracesTimeoutMs: lenient(
    row(
      "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
      undefined,
      "all",
      "the same, for traces alone",
      integer(1, 60_000),
    ),
  ),
  // The SDK reads these two itself, and says nothing where it cannot use them.
  tracesSampler: lenient(
    row(
      "OTEL_TRACES_SAMPLER",
      "parentbased_always_on",
      "all",
      "which runs are traced: set it at the gateway, to whose word the others keep where theirs is one of parentbased_…",
      oneOf(
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
      ),
    ),
  ),
  tracesSamplerRatio: lenient(
    row("OTEL_TRACES_SAMPLER_ARG", undefined, "all", "which share of them, where it is a ratio", fraction),
  ),
  spanQueueSize: lenient(
    row(
      "OTEL_BSP_MAX_QUEUE_SIZE",
      "8192",
      "all",
      "spans that wait for an exporter at most; beyond that they are dropped, and counted",
      integer(1, 1_000_000),
    ),
  ),
  spanBatchSize: lenient(
    row(
      "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
      "512",
      "all",
      "spans that are exported together",
      integer(1, 1_000_000),
    ),
  ),
  spanDelayMs: lenient(
    row(
      "OTEL_BSP_SCHEDULE_DELAY",
      "1000",
      "all",
      "milliseconds between two exports; a traces file is written every 200",
      integer(1, 600_000),
    ),
  ),
  spanExportTimeoutMs: lenient(
    row(
      "OTEL_BSP_EXPORT_TIMEOUT",
      "2000",
      "all",
      "milliseconds after which an export that hangs is no longer waited for",
      integer(1, 60_000),
    ),
  ),
  attributeValueLength: lenient(
    row(
      "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
      String(KIB),
      "all",
      "characters of an attribute's text that are kept",
      integer(0, 1_000_000),
    ),
  ),
  spanAttributeValueLength: lenient(
    row(
      "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
      undefined,
      "all",
      "the same, for spans alone",
      integer(0, 1_000_000),
    ),
  ),
  sdkDisabled: lenient(row("OTEL_SDK_DISABLED", "false", "all", "true: no spans at all", boolean)),
} as const;

export type SettingName = keyof typeof SETTINGS;
type Value<K extends SettingName> = ReturnType<(typeof SETTINGS)[K]["parse"]>;
type Optional =
  | "tracesFile"
  | "modelUrl"
  | "modelName"
  | "modelKey"
  | "otlpEndpoint"
  | "otlpTracesEndpoint"
  | "otlpTracesProtocol"
  | "otlpTracesTimeoutMs"
  | "tracesSamplerRatio"
  | "spanAttributeValueLength";
export type Settings = { [K in SettingName]: K extends Optional ? Value<K> | undefined : Value<K> };

/** Where the shipped files are: the folder that holds package.json. */
export const PROJECT_ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * Every setting, read and checked. @throws SettingError for the first that does not fit, and for a `GENESIS_`
 * variable that is in no row (a typing error would otherwise be a silent default).
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): Settings {
  const known = new Set<string>(Object.values(SETTINGS).map((r) => r.variable));
  const stray = Object.keys(environment).find((name) => name.startsWith("GENESIS_") && !known.has(name));
  if (stray !== undefined) throw new SettingError(stray, "is not a setting; see docs/settings.md");
  const entries = Object.entries(SETTINGS).map(([name, r]) => [name, readOne(r, environment)]);
  const settings = Object.fromEntries(entries) as Settings;
  if (settings.modelUrl !== undefined && settings.modelName === undefined) {
    throw new SettingError(SETTINGS.modelName.variable, `must be set where ${SETTINGS.modelUrl.variable} is`);
  }
  return settings;
}

/** The environment of this process, for a child that is given some settings of its own. */
export function childEnvironment(settings: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...settings };
}

/** The variables whose values are ignored, or parts of them, because they are none that can be used. */
export function ignoredSettings(environment: NodeJS.ProcessEnv = process.env): string[] {
  return Object.values<Row<unknown>>(SETTINGS)
    .filter((r) => r.lenient && isUnfit(r, environment))
    .map((r) => r.variable);
}

function isUnfit(r: Row<unknown>, environment: NodeJS.ProcessEnv): boolean {
  try {
    valueOf(r, environment);
    return false;
  } catch {
    return true;
  }
}

function readOne(r: Row<unknown>, environment: NodeJS.ProcessEnv): unknown {
  try {
    return valueOf(r, environment);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    if (!r.lenient) throw new SettingError(r.variable, error.message);
    return error.usable ?? valueOf(r, {});
  }
}

function valueOf(r: Row<unknown>, environment: NodeJS.ProcessEnv): unknown {
  // An empty variable counts as not set, as OpenTelemetry's specification has it.
  const value = environment[r.variable] || r.default;
  return value === undefined ? undefined : r.parse(value);
}
