import Table from "cli-table3";
import type { Percentiles } from "./measure.ts";
import type { Result } from "./run.ts";

/** A result as tables for people. */
export function reportLines({ node, cpus, profile, rawPerSecond, shapes }: Result): string[] {
  const latency = new Table({
    head: ["one run at a time, ms", "first dispatch p50", "p95", "p99", "finished p50", "p95", "p99"],
    style: { head: [], border: [] },
  });
  const load = new Table({
    head: ["under load", "in flight", "runs/s", "events/s", "share of raw", "finished p50 ms", "p95", "p99"],
    style: { head: [], border: [] },
  });
  for (const shape of shapes) {
    latency.push([shape.name, ...row(shape.latency.toFirstDispatch), ...row(shape.latency.toFinished)]);
    const { inFlight, runsPerSecond, eventsPerSecond, toFinished } = shape.load;
    const share = `${(shape.shareOfRaw * 100).toFixed(0)} %`;
    load.push([
      shape.name,
      inFlight,
      runsPerSecond.toFixed(1),
      eventsPerSecond.toFixed(0),
      share,
      ...row(toFinished),
    ]);
  }
  return [
    `Node ${node}, ${cpus} cores, profile ${profile}, telemetry on (spans to files), every service its own process`,
    `the broker alone on the same stream: ${rawPerSecond.toFixed(0)} messages/s (1 KiB, 64 in flight, expected sequence 0)`,
    latency.toString(),
    load.toString(),
  ];
}

function row({ p50, p95, p99 }: Percentiles): string[] {
  return [p50, p95, p99].map((ms) => ms.toFixed(1));
}
