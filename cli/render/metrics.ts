import type { MetricSummary, MetricsSummary } from "../../shared/telemetry/observability.ts";
import type { Paint } from "./paint.ts";
import { tableLines } from "./table.ts";
import { oneLine, shorten } from "./text.ts";
import { duration } from "./time.ts";

const LABELS_WIDTH = 80;
const NAME_WIDTH = 60;
const HEAD = ["METRIC", "LABELS", "COUNT", "SUM", "MIN", "P50", "P95", "P99", "MAX", "NOW"];
const KIBI = 1024;
const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** The metrics of a service, one line for each label set that something was recorded under. */
export function metricLines(service: string, metrics: MetricsSummary, paint: Paint): string[] {
  // Some stand there by another name as well, for those who know the first Genesis; once is enough here.
  const entries = Object.entries(metrics).flatMap(([key, all]) => all.filter(({ name }) => name === key));
  // What has happened is asked for more often than how large something may be, or is now.
  const used = entries
    .filter(isUsed)
    .toSorted((a, b) => Number(a.kind === "gauge") - Number(b.kind === "gauge"));
  const rows = used.map(cellsOf);
  const lines = rows.length > 0 ? tableLines(HEAD, rows, paint) : ["nothing was recorded yet"];
  return [paint.bold(oneLine(service)), ...lines];
}

/** How the numbers are to be read. */
export const METRICS_NOTE = "~ estimated from the buckets of a histogram; counts and sums are exact";

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
