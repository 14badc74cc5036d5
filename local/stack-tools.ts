import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { PROJECT_ROOT } from "../shared/config.ts";
import { cacheDir } from "./cache-dir.ts";
import { StartFailure } from "./failure.ts";

/**
 * The programs around Genesis that Go builds here, each from a pinned module in deploy/tools: otelcol and prometheus for
 * `genesis up --observe`; promtool, docker-compose and nats, the command line, for the tests. A row says what `go build` is given.
 */
export const STACK_TOOLS = {
  otelcol: { module: "collector", packages: ["."], tags: ["remove_all_sd", "enable_dns_sd"] },
  prometheus: {
    module: "prometheus",
    packages: ["prometheus", "promtool"].map((name) => `github.com/prometheus/prometheus/cmd/${name}`),
    tags: ["remove_all_sd"],
  },
  "docker-compose": { module: "compose", packages: ["github.com/docker/compose/v2/cmd"], tags: [] },
  nats: { module: "nats", packages: ["github.com/nats-io/natscli/nats"], tags: [] },
} as const satisfies Record<string, StackTool>;

/** `module`: its folder in deploy/tools. */
export type StackTool = { module: string; packages: readonly string[]; tags: readonly string[] };
export type StackToolName = keyof typeof STACK_TOOLS;

export const STACK_TOOL_NAMES = Object.keys(STACK_TOOLS) as StackToolName[];

/** Those that `genesis up --observe` starts. */
export const OBSERVERS = ["otelcol", "prometheus"] as const satisfies StackToolName[];

/** What builds what is missing of them. */
export const BUILD_COMMAND = "npm run stack:tools";

/** Where a module with the pins of a tool stands. */
export function moduleOf(tool: StackToolName): string {
  return join(PROJECT_ROOT, "deploy", "tools", STACK_TOOLS[tool].module);
}

/**
 * The folder of the cache that a tool is in, or goes to. Its name depends on everything that the tool is built from, so that a
 * changed pin is another tool.
 */
export function toolDir(tool: StackToolName, environment: NodeJS.ProcessEnv): string {
  const hash = createHash("sha256").update(JSON.stringify(STACK_TOOLS[tool]));
  for (const file of readdirSync(moduleOf(tool)).toSorted()) {
    hash.update(file).update(readFileSync(join(moduleOf(tool), file)));
  }
  return join(cacheDir(environment), "stack", `${tool}-${hash.digest("hex").slice(0, 12)}`);
}

/** Where a tool's main program is, or will be. */
export function toolPath(tool: StackToolName, environment: NodeJS.ProcessEnv): string {
  return join(toolDir(tool, environment), tool);
}

/** Where every program of a tool is, or will be: promtool comes with prometheus. */
export function toolPrograms(tool: StackToolName, environment: NodeJS.ProcessEnv): string[] {
  const { packages }: StackTool = STACK_TOOLS[tool];
  const names = packages.length === 1 ? [tool] : packages.map((path) => basename(path));
  return names.map((name) => join(toolDir(tool, environment), name));
}

/** Where the programs are that observe an instance. @throws StartFailure that says what is missing and how to get it */
export function findObservers(environment: NodeJS.ProcessEnv): { collector: string; prometheus: string } {
  const [collector, prometheus] = OBSERVERS.map((name) => toolPath(name, environment)) as [string, string];
  const missing = [collector, prometheus].filter((path) => !existsSync(path));
  if (missing.length === 0) return { collector, prometheus };
  throw new StartFailure(
    `--observe needs the OpenTelemetry Collector and Prometheus, and ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} not there; ` +
      `build what is missing with ${BUILD_COMMAND} (it takes some minutes, once, and Go 1.26 or newer: https://go.dev/dl), ` +
      "or leave --observe out",
  );
}
