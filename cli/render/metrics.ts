import type { MetricSummary, MetricsSummary } from "../../shared/telemetry/observability.ts";
import type { Paint } from "./paint.ts";
import { tableLines } from "./table.ts";
import { counted, oneLine, shorten } from "./text.ts";
import { duration } from "./time.ts";

const LABELS_WIDTH = 80;
const NAME_WIDTH = 60;
const HEAD = ["METRIC", "LABELS", "COUNT", "SUM", "MIN", "P50", "P95", "P99", "MAX", "NOW"];
const KIBI = 1024;
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** The metrics of a service, one line for each label set: those that something was recorded under, or with `all` every one. */
export function metricLines({ service, metrics, all }: MetricsShown, paint: Paint): string[] {
  // What has happened is asked for more often than how large something may be, or is now.
  const shown = entriesOf(metrics)
    .filter((entry) => all || isUsed(entry))
    .toSorted((a, b) => Number(a.kind === "gauge") - Number(b.kind === "gauge"));
  const rows = shown.map(cellsOf);
  const lines = rows.length > 0 ? tableLines(HEAD, rows, paint) : ["nothing was recorded yet"];
  return [paint.bold(oneLine(service)), ...lines];
}

/** The metrics of a service, and whether those at 0 are to be shown. */
export type MetricsShown = { service: string; metrics: MetricsSummary; all: boolean };

/** How the numbers are to be read, and whether there are more. */
export function metricsNotes(shown: readonly MetricsShown[]): string[] {
  const hidden = shown
    .filter(({ all }) => !all)
    .flatMap(({ metrics }) => entriesOf(metrics).filter((entry) => !isUsed(entry)));
  const { length } = hidden;
  return [
    "~ estimated from the buckets of a histogram; counts and sums are exact",
    ...(length > 0
      ? [`${counted(length, "row")} at 0 ${length === 1 ? "is" : "are"} hidden; --all shows all`]
      : []),
  ];
}

/** Some stand there by another name as well, for those who know the first Genesis; once is enough here. */
function entriesOf(metrics: MetricsSummary): MetricSummary[] {
  return Object.entries(metrics).flatMap(([key, all]) => all.filter(({ name }) => name === key));
}

function isUsed({ count, value }: MetricSummary): boolean {
  return (count ?? 0) > 0 || (value ?? 0) !== 0;
}

function cellsOf({ name, kind, unit, labels, basis, ...numbers }: MetricSummary): string[] {
  const { count, sum, min, p50, p95, p99, max, value } = numbers;
  const told = Object.entries(labels).filter(([, text]) => text !== "");
  const mark = basis === "buckets" ? "~" : "";
  const amount = (number: number | null): string => (number === null ? "" : amountText(number, unit));
  const estimate = (number: number | null): string => (number === null ? "" : `${mark}${amount(number)}`);
  return [
    shorten(name, NAME_WIDTH),
    shorten(told.map(([label, text]) => `${label}=${text}`).join(" "), LABELS_WIDTH),
    count === null ? "" : amountText(count, "{}"),
    kind === "counter" ? "" : amount(sum),
    ...[min, p50, p95, p99, max].map(estimate),
    amount(value),
  ];
}

/** A number in its unit, as the table of names gives it: seconds, bytes, a ratio, or how many there are. */
function amountText(number: number, unit: string): string {
  if (unit === "s") return duration(number * 1000);
  if (unit === "By") return bytesText(number);
  return number.toLocaleString("en", { maximumFractionDigits: 2 });
}

function bytesText(bytes: number): string {
  const power = Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(KIBI)));
  return `${Number((bytes / KIBI ** power).toFixed(1))} ${BYTE_UNITS[power]}`;
}
