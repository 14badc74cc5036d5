import { readFileSync } from "node:fs";
import { join } from "node:path";
import { estimateText, goalsOf } from "../../bench/overhead/goals.ts";
import { baseText, conditionsText, figureRows, FIGURES } from "../../bench/overhead/report.ts";
import type { Estimate, Verdict } from "../../bench/overhead/statistics.ts";
import type { OverheadResult, WorkloadResult } from "../../bench/overhead.ts";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { pageWithSections, table } from "./markdown.ts";

/** What `npm run bench:overhead -- --json` printed when it was last run for these pages. */
const MEASURED = "bench/overhead/measured.json";

/** Pages that are written by hand, but for what telemetry costs. */
export const OVERHEAD_DOCUMENTS: Readonly<Record<string, () => string>> = {
  "docs/observability.md": () => pageWithSections("docs/observability.md", { overhead: figures }),
  "README.md": () => pageWithSections("README.md", { overhead: summary }),
};

function measured(): OverheadResult {
  return JSON.parse(readFileSync(join(PROJECT_ROOT, MEASURED), "utf8")) as OverheadResult;
}

function figures(): string {
  const result = measured();
  const workloads = result.workloads.map((workload) =>
    [
      `**${capital(workload.name)}**: ${baseText(workload)}.`,
      table(FIGURES, figureRows(workload)),
      table(
        ["Goal", "With telemetry", "Measured", "Two equal ones (A/A)", "Verdict"],
        goalsOf(workload).map(({ arm, says, unit, effect, noise, verdict }) => [
          says,
          arm,
          `${estimateText(effect, 2)} ${unit}`,
          `${estimateText(noise, 2)} ${unit}`,
          `**${verdict}**`,
        ]),
      ),
    ].join("\n\n"),
  );
  const inShort = result.workloads.map(shortText).join("\n");
  return [
    "What telemetry takes, at the median:",
    inShort,
    conditionsText(result).join(" "),
    ...workloads,
  ].join("\n\n");
}

function percent({ median }: Estimate): string {
  return `${median.toFixed(0)} %`;
}

function shortText(workload: WorkloadResult): string {
  const { addedP50Ms, p50Percent, throughputLossPercent } = workload.comparisons[1]!;
  return `- ${capital(workload.name)}: ${addedP50Ms.median.toFixed(1)} ms and ${percent(p50Percent)} of p50, ${percent(throughputLossPercent)} of the throughput.`;
}

/** Which goals telemetry misses, which it keeps and which are unknown, while its Collector answers. */
export function goalsText(workload: WorkloadResult): string {
  const [, on] = workload.comparisons;
  const goals = goalsOf(workload).filter(({ arm }) => arm === on?.name);
  const said = Object.entries(MEANING).flatMap(([verdict, meaning]) => {
    const those = goals.filter((goal) => goal.verdict === verdict).map(({ says }) => says);
    return those.length === 0 ? [] : [`${meaning}: ${those.join("; ")}.`];
  });
  return `- ${workload.name}: ${said.join(" ")}`;
}

const MEANING: Readonly<Record<Verdict, string>> = {
  beyond: "**missed**",
  "likely beyond":
    "**most likely missed** (the whole interval is above the goal, and two equal instances differ by as much)",
  within: "kept",
  unknown: "unknown",
};

/** One line a workload: what it comes to with telemetry on, and which goals that misses. */
function summary(): string {
  const { workloads } = measured();
  const costs = table(
    [
      "What telemetry adds (spans over OTLP, log lines)",
      "p50, ms",
      "p50, %",
      "throughput lost, %",
      "CPU, µs a span",
    ],
    workloads.map((workload) => {
      const on = workload.comparisons[1]!;
      const perSpan = goalsOf(workload).find(({ unit }) => unit === "µs")!;
      return [
        workload.name,
        estimateText(on.addedP50Ms, 2),
        estimateText(on.p50Percent, 1),
        estimateText(on.throughputLossPercent, 1),
        estimateText(perSpan.effect, 0),
      ];
    }),
  );
  return [
    conditionsText(measured()).join(" "),
    costs,
    "The goals:",
    workloads.map(goalsText).join("\n"),
  ].join("\n\n");
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
