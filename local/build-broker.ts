import { execFile } from "node:child_process";
import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { reasonOf } from "./failure.ts";
import { showWork, type Progress } from "./progress.ts";

/** Which nats-server to build, and the path it shall have. */
export type Build = {
  version: string;
  into: string;
  environment: NodeJS.ProcessEnv;
  progress: Progress;
  signal: AbortSignal;
};

const MODULE = "github.com/nats-io/nats-server/v2";
const PROBE_MS = 3000;
const BUILD_MS = 10 * 60_000;

const run = promisify(execFile);

/** Builds nats-server from its source with the Go on PATH, which checks the module against Go's checksum database. @throws when there is no Go or it fails */
export async function buildBroker(build: Build): Promise<void> {
  const { environment: env, signal } = build;
  await run("go", ["version"], { env, signal, timeout: PROBE_MS }).catch((error: unknown) => {
    throw new Error("there is no working go on PATH", { cause: error });
  });
  const folder = mkdtempSync(join(dirname(build.into), "build-"));
  const title = `building nats-server ${build.version} with Go, about a minute the first time`;
  const done = showWork(build.progress, title);
  try {
    // In a folder of its own: a go.mod or go.work around the current one has no say.
    await run("go", ["install", `${MODULE}@v${build.version}`], {
      env: { ...env, GOBIN: folder },
      cwd: folder,
      signal,
      timeout: BUILD_MS,
    });
    renameSync(join(folder, "nats-server"), build.into);
    done(`built nats-server ${build.version} with Go`);
  } catch (error) {
    done("the build failed");
    throw new Error(lastLine(reasonOf(error)), { cause: error });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? text;
