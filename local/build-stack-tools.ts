import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { childEnvironment } from "../shared/config.ts";
import { reasonOf, StartFailure } from "./failure.ts";
import { progressOn, showWork, type Progress } from "./progress.ts";
import {
  moduleOf,
  OBSERVERS,
  STACK_TOOL_NAMES,
  STACK_TOOLS,
  toolDir,
  toolPrograms,
  type StackTool,
  type StackToolName,
} from "./stack-tools.ts";

/** What builds depend on. */
export type StackBuild = {
  /** Where PATH, HOME and XDG_CACHE_HOME are read from, and what Go is given. */
  environment: NodeJS.ProcessEnv;
  progress: Progress;
  signal: AbortSignal;
};

const PROBE_MS = 10_000;
const BUILD_MS = 60 * 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const run = promisify(execFile);

/**
 * Builds the named tools that are not in the cache yet, from the pinned modules of deploy/tools: Go checks every module against the
 * committed sums. @throws StartFailure when there is no Go, or a build fails
 */
export async function buildStackTools(names: readonly StackToolName[], build: StackBuild): Promise<void> {
  const missing = names.filter((name) => !existsSync(toolDir(name, build.environment)));
  if (missing.length === 0) return;
  const { environment: env, signal } = build;
  await run("go", ["version"], { env, signal, timeout: PROBE_MS }).catch((error: unknown) => {
    throw new StartFailure(
      `there is no working go on PATH, and ${missing.join(", ")} must be built; install Go 1.26 or newer (https://go.dev/dl)`,
      { cause: error },
    );
  });
  for (const name of missing) await buildTool(name, build);
}

async function buildTool(name: StackToolName, build: StackBuild): Promise<void> {
  const into = toolDir(name, build.environment);
  mkdirSync(dirname(into), { recursive: true });
  const folder = mkdtempSync(join(dirname(into), "build-"));
  const end = showWork(build.progress, `building ${name} with Go, several minutes the first time`);
  try {
    cpSync(moduleOf(name), folder, { recursive: true });
    await goBuild(name, folder, build);
    // Whole or not at all: what is there can be run.
    renameSync(join(folder, "out"), into);
    end(`built ${name} in ${into}`);
  } catch (error) {
    end(`the build of ${name} failed`);
    build.signal.throwIfAborted();
    throw new StartFailure(`${name} cannot be built: ${reasonOf(error)}`, { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function goBuild(
  name: StackToolName,
  folder: string,
  { environment, signal }: StackBuild,
): Promise<void> {
  const { module, packages, tags }: StackTool = STACK_TOOLS[name];
  const options = {
    // A go.work around the cache has no say.
    env: { ...environment, GOWORK: "off" },
    cwd: folder,
    signal,
    timeout: BUILD_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  };
  if (module === "collector") {
    const sources = ["--config", "builder.yaml", "--skip-get-modules", "--skip-compilation"];
    await run("go", ["tool", "builder", ...sources], options);
  }
  const out = join(folder, "out");
  mkdirSync(out);
  const binaries = packages.length === 1 ? join(out, name) : `${out}/`;
  const flags = ["-trimpath", "-ldflags", "-s -w", "-tags", tags.join(","), "-o", binaries];
  await run("go", ["build", ...flags, ...packages], options);
}

const isTool = (name: string): name is StackToolName => Object.hasOwn(STACK_TOOLS, name);

/** `npm run stack:tools [-- NAME...]`: builds those, or what `genesis up --observe` needs, and prints where their programs are. */
if (import.meta.main) {
  const asked = process.argv.slice(2);
  if (!asked.every(isTool)) {
    console.error(`usage: npm run stack:tools [-- ${STACK_TOOL_NAMES.join("|")} ...]`);
    process.exit(2);
  }
  const names = asked.length > 0 ? asked : OBSERVERS;
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stop.abort());
  const environment = childEnvironment({});
  try {
    await buildStackTools(names, {
      environment,
      progress: progressOn(process.stderr),
      signal: stop.signal,
    });
    for (const path of names.flatMap((name) => toolPrograms(name, environment))) console.log(path);
  } catch (error) {
    console.error(`genesis: ${reasonOf(error)}`);
    process.exitCode = 1;
  }
}
