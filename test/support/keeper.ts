import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spansOfLine, type Span } from "../../cli/trace/span.ts";
import { SERVICES } from "../../local/service.ts";
import { startLocal } from "../../local/start.ts";
import { foreignClient, type ForeignClient } from "./foreign-client.ts";

/** A whole Genesis whose agent leaks what it is told, and all that its telemetry says. */
export type Keeper = {
  dir: string;
  client: ForeignClient;
  /** Where each service answers, by its name. */
  http: Record<string, string>;
  spans: () => Promise<Span[]>;
  /** Everything that the telemetry says, by where it says it: files and pages, as they are. */
  everything: () => Promise<Record<string, string>>;
  stop: () => Promise<void>;
};

const KEEPER = { name: "keeper-agent", main: join(import.meta.dirname, "keeper-agent.ts") };

/** Starts it in a folder of its own. */
export async function startKeeper(): Promise<Keeper> {
  const dir = await mkdtemp(join(tmpdir(), "genesis-keeper-"));
  const catalog = join(import.meta.dirname, "catalog", "keeper");
  const settings = { GENESIS_CATALOG: `business,${catalog}`, GENESIS_LOG_LEVEL: "trace" };
  const local = await startLocal({
    dir,
    port: 0,
    profile: "durable",
    services: [...SERVICES, KEEPER],
    settings,
  });
  const client = await foreignClient(local.url);
  const http = Object.fromEntries(local.state().services.map((service) => [service.name, service.http]));
  return {
    dir,
    client,
    http,
    spans: async () => {
      const files = await filesIn(join(dir, "traces"));
      return Object.values(files).flatMap((text) => text.split("\n").flatMap(spansOfLine));
    },
    everything: async () => {
      const pages = Object.entries(http).flatMap(([name, url]) =>
        ["/metrics", "/metrics/summary"].map(async (path) => [`${name}${path}`, await pageAt(url + path)]),
      );
      const told = Object.fromEntries(await Promise.all(pages)) as Record<string, string>;
      return { ...(await filesIn(join(dir, "traces"))), ...(await filesIn(join(dir, "logs"))), ...told };
    },
    stop: async () => {
      await client.close();
      await local.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const names = await readdir(folder);
  const texts = names.map(async (name) => {
    const path = join(folder, name);
    return [path, await readFile(path, "utf8")];
  });
  return Object.fromEntries(await Promise.all(texts)) as Record<string, string>;
}

async function pageAt(url: string): Promise<string> {
  return (await fetch(url)).text();
}
