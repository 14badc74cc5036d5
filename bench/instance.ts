import { join } from "node:path";
import type { Profile } from "../local/broker.ts";
import { SERVICES } from "../local/service.ts";
import { startLocal, type Local } from "../local/start.ts";
import { connect, type Bus } from "../shared/bus/connect.ts";
import { readSettings } from "../shared/config.ts";
import { watchRuns, type Watch } from "./watch.ts";

/** A whole Genesis with the benchmarks' agent and catalogue, and who watches its runs. */
export type BenchInstance = { local: Local; bus: Bus; watch: Watch; stop: () => Promise<void> };

/** Starts one in a folder of its own, on free ports. @param settings variables for its services */
export async function startBenchInstance(
  dir: string,
  profile: Profile,
  settings: Record<string, string> = {},
): Promise<BenchInstance> {
  const local = await startLocal({
    dir,
    port: 0,
    profile,
    services: [...SERVICES, { name: "noop", main: join(import.meta.dirname, "noop-agent.ts") }],
    settings: { GENESIS_CATALOG: join(import.meta.dirname, "catalog"), ...settings },
  });
  try {
    const bus = await connect({ url: local.url, prefix: readSettings().prefix, name: "genesis-bench" });
    const watch = await watchRuns(bus);
    return { local, bus, watch, stop: () => stopAll(local, bus, watch) };
  } catch (error) {
    await local.stop();
    throw error;
  }
}

async function stopAll(local: Local, bus: Bus, watch: Watch): Promise<void> {
  try {
    await watch.stop();
    await bus.close();
  } finally {
    await local.stop();
  }
}
