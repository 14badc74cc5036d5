import {
  collectProcessMetrics,
  exposition,
  recordPoint,
  registerMetricsOf,
} from "../../shared/telemetry/metrics.ts";
import { METRICS, type MetricRow, type Point } from "../../shared/telemetry/names.ts";

/**
 * A process with the metrics of one service, its argument, that has recorded 100,000 points with ids that never come
 * twice in every label. Writes its metrics to standard output.
 */
const POINTS = 100_000;

const service = process.argv[2] ?? "";
const owners = new Set<string>([service, "transport", "telemetry"]);
collectProcessMetrics();
registerMetricsOf(service);
const metrics = Object.entries<MetricRow>(METRICS).filter(
  ([, { owner, kind }]) => owners.has(owner) && kind !== "gauge",
);
for (let i = 0; i < POINTS; i++) {
  const [metric, { labels }] = metrics[i % metrics.length]!;
  const ids = Object.fromEntries(Object.keys(labels).map((name, at) => [name, `id-${i}-${at}`]));
  recordPoint({ metric, labels: ids, value: 1 } as unknown as Point);
}
process.stdout.write((await exposition()).body);
