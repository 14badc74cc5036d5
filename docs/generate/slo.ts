import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { METRICS, type MetricRow } from "../../shared/telemetry/names.ts";
import { code, table } from "./markdown.ts";

/** What is made of deploy/prometheus/slo.yaml: rules for Prometheus, and a page for people. */
export const SLO_DOCUMENTS: Readonly<Record<string, () => string>> = {
  "deploy/prometheus/rules/slo.yaml": rulesFile,
  "docs/slo.md": page,
};

const duration = z.string().regex(/^[1-9]\d*[mhd]$/);
/**
 * A counter, or a histogram's bucket or count, with the labels that are meant. Only such as the table of names has: of
 * a bound that is none, or of an outcome that nobody writes, all events would count as missed.
 */
export const selector = z.string().refine(isWritten, { error: "no metric writes that" });

const sloFile = z.strictObject({
  window: duration,
  objectives: z.array(
    z.strictObject({
      id: z.string().regex(/^[a-z_]+$/),
      title: z.string(),
      target: z.number().gt(0).lt(1),
      means: z.string(),
      good: selector,
      total: selector,
    }),
  ),
  least: z.strictObject({ events: z.int().min(1), missed: z.int().min(1) }),
  burns: z.array(
    z.strictObject({
      name: z.string().regex(/^[A-Z][a-z]+$/),
      burn: z.number().min(1),
      short: duration,
      long: duration,
      severity: z.enum(["critical", "warning", "info"]),
    }),
  ),
});

type SloFile = z.infer<typeof sloFile>;
type Objective = SloFile["objectives"][number];
type Burn = SloFile["burns"][number];
type Rule = { record: string; expr: string; labels: Record<string, string> };

const HOURS = { m: 1 / 60, h: 1, d: 24 };
/** From this window on a ratio is computed less often: it moves slowly, and reads much. More often than Prometheus forgets, after 5 minutes. */
const LONG_HOURS = 24;
const LONG_INTERVAL = "4m";

/** Whether the table has such a series. */
function isWritten(text: string): boolean {
  const [, name = "", labels = ""] = /^([a-z_]+)(?:\{([^{}]+)\})?$/.exec(text) ?? [];
  const row = Object.values<MetricRow>(METRICS).find((one) => isSeriesOf(one, name));
  if (row === undefined || (labels === "" && name.endsWith("_bucket"))) return false;
  return labels === "" || labels.split(",").every((label) => mayHave(row, label));
}

function isSeriesOf({ name, kind }: MetricRow, series: string): boolean {
  if (kind === "histogram") return series === `${name}_bucket` || series === `${name}_count`;
  return kind === "counter" && series === name;
}

function mayHave({ buckets = [], labels }: MetricRow, text: string): boolean {
  const [, label = "", value = ""] = /^([a-z_]+)!?="([^"]+)"$/.exec(text) ?? [];
  if (label === "le") return buckets.some((bound) => `${bound}` === value);
  const row = labels[label];
  return row !== undefined && (!("values" in row) || row.values.includes(value));
}

/** The objectives as they are written. @throws ZodError for a file that is none */
export function readSlo(): SloFile {
  const path = join(PROJECT_ROOT, "deploy", "prometheus", "slo.yaml");
  return sloFile.parse(parse(readFileSync(path, "utf8")));
}

function hoursOf(window: string): number {
  return Number(window.slice(0, -1)) * HOURS[window.at(-1) as keyof typeof HOURS];
}

function isLong(window: string): boolean {
  return hoursOf(window) >= LONG_HOURS;
}

/** The share of a window's events that were not good. No events: no answer, which is no error. */
function errorRatio({ id, good, total }: Objective, window: string): Rule {
  return {
    record: `slo:errors:ratio_rate${window}`,
    expr: `1 - (sum(rate(${good}[${window}])) or vector(0)) / (sum(rate(${total}[${window}])) > 0)`,
    labels: { slo: id },
  };
}

/** 1 at the start, 0 once all that the objective allows in its window is spent. */
function budgetLeft({ id, target }: Objective, window: string): Rule {
  return {
    record: "slo:error_budget:remaining_ratio",
    expr: `1 - slo:errors:ratio_rate${window}{slo="${id}"} / (1 - ${target})`,
    labels: { slo: id },
  };
}

/** How the alert of an objective and a burn is called: `RunSuccessBurnFast`. */
function alertName({ id }: Objective, { name }: Burn): string {
  const words = id.split("_").map((word) => word[0]!.toUpperCase() + word.slice(1));
  return `${words.join("")}Burn${name}`;
}

function burnAlert(objective: Objective, burn: Burn, { least, window }: SloFile): object {
  const { id, target, title, good, total } = objective;
  const counted = `sum(increase(${total}[${burn.long}]))`;
  const missed = `${counted} - (sum(increase(${good}[${burn.long}])) or vector(0))`;
  const above = (of: string): string =>
    `slo:errors:ratio_rate${of}{slo="${id}"} > ${burn.burn} * (1 - ${target})`;
  return {
    alert: alertName(objective, burn),
    expr: `${above(burn.short)} and ${above(burn.long)} and on () ${counted} >= ${least.events} and on () ${missed} >= ${least.missed}`,
    labels: { severity: burn.severity },
    annotations: {
      summary: `${title}: the error budget burns ${burn.burn} times as fast as it may`,
      description: `{{ $value | humanizePercentage }} of the last ${burn.short} missed the objective of ${percent(target)}; at ${burn.burn} times the budget of ${window} is gone in ${lasts(burn, window)}.`,
      runbook_url: `docs/runbooks.md#${id.replaceAll("_", "-")}-burns`,
    },
  };
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}

/** How long the budget of a whole window lasts at a burn. */
function lasts({ burn }: Burn, window: string): string {
  const hours = hoursOf(window) / burn;
  return hours < 48 ? `${Math.round(hours)} hours` : `${Number((hours / 24).toFixed(1))} days`;
}

/** Every window that a ratio is recorded for, the shortest first. */
function windowsOf({ burns, window }: SloFile): string[] {
  const windows = new Set([...burns.flatMap(({ short, long }) => [short, long]), window]);
  return [...windows].toSorted((a, b) => hoursOf(a) - hoursOf(b));
}

function rulesFile(): string {
  const slo = readSlo();
  const windows = windowsOf(slo);
  const ratios = (isMeant: (window: string) => boolean): Rule[] =>
    slo.objectives.flatMap((objective) =>
      windows.filter(isMeant).map((window) => errorRatio(objective, window)),
    );
  const groups = [
    { name: "slo", rules: ratios((window) => !isLong(window)) },
    {
      name: "slo-long",
      interval: LONG_INTERVAL,
      rules: [...ratios(isLong), ...slo.objectives.map((one) => budgetLeft(one, slo.window))],
    },
    {
      name: "slo-burn",
      rules: slo.objectives.flatMap((one) => slo.burns.map((burn) => burnAlert(one, burn, slo))),
    },
  ];
  return `# Made from deploy/prometheus/slo.yaml by docs/generate.ts.\n${stringify({ groups }, { lineWidth: 0 })}`;
}

function page(): string {
  const slo = readSlo();
  const { objectives, window, least } = slo;
  return `# What it is held to

Made from [slo.yaml](../deploy/prometheus/slo.yaml) by \`docs/generate.ts\`, as are the rules in
[rules/slo.yaml](../deploy/prometheus/rules/slo.yaml). The other alerts are [written by hand](../deploy/prometheus/rules/alerts.yaml); what to do
when one fires stands in the [runbooks](runbooks.md).

| Objective | Over ${window} | Good | Of |
| --- | --- | --- | --- |
${objectives.map(({ title, target, good, total }) => `| ${title} | ${percent(target)} | ${code(good)} | ${code(total)} |`).join("\n")}

${objectives.map(({ title, means }) => `**${title}.** ${means}`).join("\n\n")}

## Burn-rate alerts

The error budget is what an objective leaves: ${objectives.map(({ title, target }) => `${percent(1 - target)} (${title.toLowerCase()})`).join(", ")}. An alert fires while
both of its windows burn it at least so many times as fast as would use it up in exactly ${window}, and the long window saw at least ${least.events}
events, of which ${least.missed} missed the objective.

${table(["Alerts", "Burn", "Windows", "Severity", "The budget is gone in"], burnRows(slo))}

## Recorded

${table(
  ["Series", "Is"],
  [
    [
      code("slo:errors:ratio_rate<window>{slo}"),
      `the share that missed the objective, over ${windowsOf(slo).join(", ")}`,
    ],
    [
      code("slo:error_budget:remaining_ratio{slo}"),
      `what is left of the budget of ${window}: 1 is all of it, below 0 the objective is missed`,
    ],
  ],
)}

Both are empty where the window saw no event. Each outcome is counted from 0 on, so that the first failure of a process is seen as
well; what ends within the moments before a process is first asked for its metrics is not.
`;
}

function burnRows({ objectives, burns, window }: SloFile): string[][] {
  return burns.map((burn) => [
    objectives.map((one) => code(alertName(one, burn))).join(", "),
    `${burn.burn}`,
    `${burn.short} and ${burn.long}`,
    burn.severity,
    lasts(burn, window),
  ]);
}
