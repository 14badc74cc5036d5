import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signal, recordOf, isRunning } from "../../local/processes.ts";
import { SERVICES, type ServiceSpec } from "../../local/service.ts";
import { startLocal } from "../../local/start.ts";
import type { LocalState } from "../../local/state.ts";
import { eventually } from "./eventually.ts";
import { foreignClient, type ForeignClient } from "./foreign-client.ts";
import { addFiles, commitAll } from "./tree.ts";

/** The test's own agent, as a process among the others. */
export const FLOW_AGENT: ServiceSpec = {
  name: "flow-agent",
  main: join(import.meta.dirname, "flow-agent.ts"),
};

const catalogOf = (name: string): string => join(import.meta.dirname, "catalog", name);
const CATALOGS = ["business", "audit", catalogOf("flow"), catalogOf("puppet")];
const BACK_WITHIN_MS = 30_000;

/** What a test may want otherwise. */
export type InstanceOptions = {
  /** Twice as many of each. */
  twice?: boolean;
  /** Files that audits may read, in one commit. */
  audited?: Record<string, string>;
  logMaxBytes?: number;
  /** Folders of more catalogues. */
  catalogs?: readonly string[];
  /** Variables for every service, beside those of an instance. */
  settings?: Record<string, string>;
  /** A Collector and a Prometheus beside it. */
  observe?: boolean;
};

/** A whole Genesis of one test file: a broker and every service as a process of its own, and a stranger who talks to them. */
export type Instance = {
  dir: string;
  url: string;
  client: ForeignClient;
  /** The process of a service, or of the broker (`nats-server`), as it is now. */
  pidOf: (name: string) => number;
  /** Every process, by its name. */
  pids: () => Record<string, number>;
  /** Where a service answers. */
  httpOf: (name: string) => string;
  /** Where the Collector and Prometheus answer. */
  observers: () => NonNullable<LocalState["observe"]>;
  /** `kill -9`. Whoever keeps it up starts it again. */
  kill: (name: string) => void;
  /** `kill -TERM`: it ends what it has in hand, or gives it back. */
  end: (name: string) => void;
  /** Waits until everything that was killed is up again, and answers. */
  allUp: () => Promise<void>;
  /** Has a service stand still until it is told to go on, as a machine does that swaps: it is alive, and does nothing. */
  freeze: (name: string) => () => void;
  /** The lines of every service's log. */
  logLines: () => Promise<Record<string, unknown>[]>;
  /** Stops everything, sees that nothing is left running, and deletes the folder. */
  stop: () => Promise<void>;
};

/** Starts an instance on free ports in a folder of its own, with the shipped catalogues and those of the tests. */
export async function startInstance({
  twice = false,
  audited = {},
  logMaxBytes,
  catalogs = [],
  settings: more = {},
  observe = false,
}: InstanceOptions = {}): Promise<Instance> {
  const dir = await mkdtemp(join(tmpdir(), "genesis-instance-"));
  const all = [...SERVICES, FLOW_AGENT];
  const services = twice ? all.flatMap((one) => [one, { ...one, name: `${one.name}-2` }]) : all;
  const auditRoot = join(dir, "audited");
  await addFiles(auditRoot, { "README.md": "# An empty house\n", ...audited });
  commitAll(auditRoot, { author: "Ada", date: "2026-01-02T03:04:05Z", subject: "Move in" });
  const settings = {
    GENESIS_CATALOG: [...CATALOGS, ...catalogs].join(","),
    GENESIS_AUDIT_ROOT: auditRoot,
    GENESIS_LOG_LEVEL: "trace",
    ...(logMaxBytes !== undefined && { GENESIS_LOG_MAX_BYTES: String(logMaxBytes) }),
    ...more,
  };
  const local = await startLocal({ dir, port: 0, profile: "durable", services, settings, observe });
  const client = await foreignClient(local.url);
  const frozen = new Set<number>();
  const seen = new Map<number, NonNullable<ReturnType<typeof recordOf>>>();

  const pids = (): Record<string, number> => {
    const { nats, services: running } = local.state();
    const found = Object.fromEntries([
      ["nats-server", nats.pid],
      ...running.map(({ name, pid }) => [name, pid]),
    ]);
    for (const [name, pid] of Object.entries<number>(found)) {
      const record = seen.has(pid) ? undefined : recordOf(name, pid);
      if (record) seen.set(pid, record);
    }
    return found;
  };
  const pidOf = (name: string): number => {
    const pid = pids()[name];
    assert.ok(pid, `${name} runs`);
    return pid;
  };
  const thaw = (pid: number): void => {
    if (frozen.delete(pid)) signal(pid, "SIGCONT");
  };
  pids();

  return {
    dir,
    url: local.url,
    client,
    pids,
    pidOf,
    httpOf: (name) => local.state().services.find((service) => service.name === name)?.http ?? "",
    observers: () => {
      const { observe: urls } = local.state();
      assert.ok(urls, "it is observed");
      return urls;
    },
    kill: (name) => signal(pidOf(name), "SIGKILL"),
    end: (name) => signal(pidOf(name), "SIGTERM"),
    allUp: async () => {
      const urls = local.state().services.map(({ http }) => `${http}/readyz`);
      await eventually(async () => (await Promise.all(urls.map(isReady))).every(Boolean), BACK_WITHIN_MS);
      pids();
    },
    freeze: (name) => {
      const pid = pidOf(name);
      frozen.add(pid);
      signal(pid, "SIGSTOP");
      return () => thaw(pid);
    },
    logLines: () => jsonLines(join(dir, "logs")),
    stop: async () => {
      pids();
      for (const pid of frozen) thaw(pid);
      await client.close();
      await local.stop();
      const left = [...seen.values()].filter(isRunning);
      await rm(dir, { recursive: true, force: true });
      assert.deepEqual(left, [], "no process is left");
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  await response?.text();
  return response?.ok === true;
}

/** Every line of every `.jsonl` file in a folder; that each is JSON is part of what is tested. */
export async function jsonLines<T = Record<string, unknown>>(folder: string): Promise<T[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".jsonl"));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) =>
    text
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as T),
  );
}
