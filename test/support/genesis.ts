import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { once } from "node:events";
import { join } from "node:path";
import { childEnvironment, PROJECT_ROOT } from "../../shared/config.ts";

/** How a command ended, and what it wrote. */
export type Outcome = { status: number | null; stdout: string; stderr: string };

/** Where a command runs and with which variables; by default without a broker that is named by one. */
export type Surroundings = { cwd?: string; settings?: Record<string, string> };

const LAUNCHER = join(PROJECT_ROOT, "cli", "genesis.js");

/** Starts a command of the CLI as its own process, as a person would. */
export function startGenesis(args: readonly string[], { cwd, settings }: Surroundings = {}) {
  return spawn(process.execPath, [LAUNCHER, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: childEnvironment({ NATS_URL: "", NO_COLOR: "", ...settings }),
    ...(cwd !== undefined && { cwd }),
  });
}

/** Runs a command of the CLI to its end. */
export async function genesis(args: readonly string[], surroundings: Surroundings = {}): Promise<Outcome> {
  const child = startGenesis(args, surroundings);
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { status: status as number | null, stdout, stderr };
}
