import { execFile } from "node:child_process";
import { accessSync, constants, mkdirSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { isOlder } from "../shared/bus/connect.ts";
import { MIN_SERVER_VERSION } from "../shared/contract/streams.ts";
import { buildBroker } from "./build-broker.ts";
import { cacheDir } from "./cache-dir.ts";
import { downloadBroker } from "./download-broker.ts";
import { reasonOf, StartFailure } from "./failure.ts";
import type { Progress } from "./progress.ts";

/** An nats-server that runs here, and where it came from. */
export type FoundBroker = { path: string; version: string; source: string };

/** What a search for nats-server depends on. */
export type Search = {
  /** Where PATH, HOME and XDG_CACHE_HOME are read from, and what Go is given. */
  environment: NodeJS.ProcessEnv;
  progress: Progress;
  signal: AbortSignal;
  /** The address of the project's releases; only a test puts another one here. */
  releases?: string;
};

/** The version that is downloaded or built where none is found. */
const VERSION = "2.15.2";
const RELEASES = "https://github.com/nats-io/nats-server/releases";
const PROGRAM = "nats-server";
const PROBE_MS = 3000;

/**
 * An nats-server that is new enough: the first such on PATH, else the cached one, else the project's own release archive,
 * else one built by Go; what was fetched is cached. @throws StartFailure that says what to install when there is no way
 */
export async function findBroker(search: Search): Promise<FoundBroker> {
  const cache = cacheDir(search.environment);
  for (const path of onPath(search.environment)) {
    const found = await probe(path, "PATH", search);
    if (found !== undefined) return found;
  }
  const cached = await probe(join(cache, PROGRAM), "the cache", search);
  return cached ?? (await fetchBroker(cache, search));
}

async function fetchBroker(cache: string, search: Search): Promise<FoundBroker> {
  const asked = { ...search, version: VERSION, into: join(cache, PROGRAM) };
  const ways = [
    { source: "the official release", take: () => downloadBroker({ releases: RELEASES, ...asked }) },
    { source: "go install", take: () => buildBroker(asked) },
  ];
  const reasons: string[] = [];
  for (const { source, take } of ways) {
    try {
      mkdirSync(cache, { recursive: true });
      await take();
      const found = await probe(asked.into, source, search);
      if (found !== undefined) return found;
      reasons.push(`${source}: what came does not run here`);
    } catch (error) {
      search.signal.throwIfAborted();
      reasons.push(`${source}: ${reasonOf(error)}`);
    }
  }
  throw new StartFailure(
    `no ${PROGRAM} ${MIN_SERVER_VERSION} or newer on PATH or in ${cache}, and none could be fetched (${reasons.join("; ")}); ` +
      `put one from ${RELEASES} on PATH, or install Go, and run this again`,
  );
}

async function probe(
  path: string,
  source: string,
  { progress, signal }: Search,
): Promise<FoundBroker | undefined> {
  if (!isExecutable(path)) return undefined;
  try {
    const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: PROBE_MS, signal });
    const version = /v(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
    if (version === undefined) return undefined;
    if (!isOlder(version, MIN_SERVER_VERSION)) return { path, version, source };
    progress.say(`${path} is ${version}, which is older than ${MIN_SERVER_VERSION}; looking further`);
  } catch {
    signal.throwIfAborted();
    progress.say(`${path} does not tell its version within ${PROBE_MS / 1000} s; looking further`);
  }
  return undefined;
}

function onPath(environment: NodeJS.ProcessEnv): string[] {
  const folders = (environment["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, PROGRAM));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
