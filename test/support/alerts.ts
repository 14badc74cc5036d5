import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { METRICS } from "../../shared/telemetry/names.ts";

/** The rules and their tests in deploy/prometheus. */
export const PROMETHEUS_DIR = join(PROJECT_ROOT, "deploy", "prometheus");

/** The files of rules that have alerts; the tests of each stand in a file of the same name. */
export const ALERT_FILES = ["alerts.yaml", "slo.yaml"];

/** An alert as Prometheus reads it. Durations as there: `1m`. */
export type Alert = {
  alert: string;
  expr: string;
  for?: string;
  keep_firing_for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
};

type Rules = { groups: { rules: (Alert | { record: string })[] }[] };

/** A case of promtool: what comes in, and which alerts it expects. */
export type AlertCase = {
  name: string;
  input_series?: unknown[];
  alert_rule_test: { alertname: string; exp_alerts: unknown[] }[];
};

const yaml = (...path: string[]): unknown => parse(readFileSync(join(PROMETHEUS_DIR, ...path), "utf8"));

/** Every alert of a file. */
export function alertsOf(file: string): Alert[] {
  const { groups } = yaml("rules", file) as Rules;
  return groups.flatMap(({ rules }) => rules.filter((rule) => "alert" in rule));
}

/** The cases that the alerts of a file are tested by. */
export function casesOf(file: string): AlertCase[] {
  return (yaml("tests", file) as { tests: AlertCase[] }).tests;
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a duration such as `5m`. */
export function secondsOf(duration: string): number {
  return Number(duration.slice(0, -1)) * SECONDS[duration.at(-1) as keyof typeof SECONDS];
}

/**
 * How long a fault lasts at least until its alert can fire: the longest window that it looks at, and its `for`. What it compares that
 * with, far back (`offset`), is no window.
 */
export function firesAfterSeconds({ expr, for: held = "0s" }: Alert): number {
  const windows = [...expr.matchAll(/\[(\d+[smhd])\](?! offset)/g)].map(([, window = ""]) =>
    secondsOf(window),
  );
  return Math.max(0, ...windows) + secondsOf(held);
}

/** What the runbooks have people ask Prometheus: whatever stands there as code and names a metric. A name to put in stands in for itself. */
export function runbookQueries(): string[] {
  const page = readFileSync(join(PROJECT_ROOT, "docs", "runbooks.md"), "utf8");
  const prefixes = [...new Set(Object.values(METRICS).map(({ name }) => name.split("_")[0]!))];
  const metric = new RegExp(`(?<![\\w./-])((${prefixes.join("|")}|otelcol|traces)_|genesis:)[a-z]|^up `);
  return [...page.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code).filter((code) => metric.test(code));
}
