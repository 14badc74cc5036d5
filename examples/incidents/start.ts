import { connect } from "@nats-io/transport-node";
import { once } from "node:events";
import { lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasUnreadableClaim, survivors } from "../../local/claim.ts";
import { StartFailure } from "../../local/failure.ts";
import { isForeign } from "../../local/owner.ts";
import { observeLines, queryUrl } from "../../local/prepared-queries.ts";
import { progressOn, type Progress } from "../../local/progress.ts";
import { SERVICES } from "../../local/service.ts";
import { startLocal, type Local } from "../../local/start.ts";
import type { LocalState } from "../../local/state.ts";

/**
 * Starts a Genesis in a folder of its own, plants a fault, hands tasks in, and stays until Ctrl-C or `genesis down`.
 *
 *   node cli/genesis.js --node examples/incidents/start.ts slow-agent|bad-routing-rule|poison-message [--observe]
 */
type Incident = {
  catalogs: readonly string[];
  notes: readonly string[];
  /** Hands a task in when the run of the one before it has ended. */
  oneByOne?: true;
};

const NEWSROOM = join(import.meta.dirname, "newsroom");
const INCIDENTS: Readonly<Record<string, Incident>> = {
  "slow-agent": { catalogs: [NEWSROOM], notes: Array.from({ length: 8 }, (_, i) => `Story ${i}\nat length`) },
  "bad-routing-rule": {
    catalogs: [NEWSROOM, join(import.meta.dirname, "bad-rule")],
    notes: ["Rain in spring", "Sun in autumn"],
  },
  // Whatever the newsroom had in hand at the same time would share a death or two of it, and take half a minute more for each.
  "poison-message": { catalogs: [NEWSROOM], notes: ["Rain in spring", "Sun\n\nin autumn"], oneByOne: true },
};

const DIR = ".incident";
const WATCHED_WITHIN_MS = 60_000;
const POLL_MS = 500;
const [name = "", flag] = process.argv.slice(2);

/** What marks the folder as an incident's: whatever else is called so is nobody's to delete. */
const MARK = join(DIR, "made-by-an-incident");

/** An empty folder for the incident. @throws StartFailure where one is there that is in use, or was not made here */
function freshFolder(progress: Progress): void {
  const found = lstatSync(DIR, { throwIfNoEntry: false });
  if (found !== undefined) {
    if (hasUnreadableClaim(DIR))
      throw new StartFailure(`what runs in ${DIR} cannot be told; look, then delete it (rm -rf ${DIR})`);
    const running = survivors(DIR).map(({ name: program, pid }) => `${program} (pid ${pid})`);
    if (running.length > 0)
      throw new StartFailure(
        `an incident runs in ${DIR} already: ${running.join(", ")}; end it with Ctrl-C where it was started, or npx genesis down --dir ${DIR}`,
      );
    const isMarked = lstatSync(MARK, { throwIfNoEntry: false })?.isFile() === true;
    if (!found.isDirectory() || isForeign(DIR) || !isMarked)
      throw new StartFailure(
        `${DIR} is there, and no incident made it; look what it is, then move it away or delete it (rm -rf ${DIR})`,
      );
    rmSync(DIR, { recursive: true, force: true });
    progress.say(`deleted ${DIR}, which an earlier incident had left`);
  }
  mkdirSync(DIR, { mode: 0o700 });
  writeFileSync(MARK, "");
}

/** Starts everything with what goes wrong in it. @throws StartFailure when that cannot be */
function startNewsroom({ catalogs }: Incident): Promise<Local> {
  const progress = progressOn(process.stderr);
  freshFolder(progress);
  return startLocal({
    dir: DIR,
    port: 0,
    profile: "durable",
    services: [...SERVICES, { name: "newsroom", main: join(import.meta.dirname, "newsroom.ts") }],
    settings: { GENESIS_CATALOG: catalogs.join(",") },
    observe: flag === "--observe",
    progress,
  });
}

/** Waits until Prometheus has numbers of every service: what one counts before it was first looked at is no growth to an alert. */
async function watched(state: LocalState): Promise<void> {
  const { observe, services } = state;
  if (observe === undefined) return;
  const url = queryUrl(observe.prometheus, 'count(up{job!="prometheus"} == 1)');
  const until = performance.now() + WATCHED_WITHIN_MS;
  while (performance.now() < until) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(POLL_MS) }).catch(() => undefined);
    const page = (await answer?.json()) as { data?: { result?: { value: [number, string] }[] } } | undefined;
    if (Number(page?.data?.result?.[0]?.value[1]) >= services.length) return;
    await delay(POLL_MS);
  }
}

/** Hands the tasks in, each with a line that says which run it became. */
async function submitAll(servers: string, { notes, oneByOne }: Incident): Promise<void> {
  const nc = await connect({ servers });
  const ends = nc.subscribe("genesis.v1.run.finished.>")[Symbol.asyncIterator]();
  for (const [index, text] of notes.entries()) {
    if (oneByOne && index > 0) await ends.next();
    const task = { goal: "Publish an article", taskType: "article", input: { notes: text } };
    console.log((await nc.request("genesis.submit", JSON.stringify(task), { timeout: 5000 })).string());
  }
  await nc.close();
}

async function play(local: Local, incident: Incident): Promise<void> {
  await watched(local.state());
  await submitAll(local.url, incident);
  for (const line of observeLines({ dir: local.dir, ...local.state() })) console.error(line);
  console.log(`ready; look at it with --dir ${DIR}, end it with Ctrl-C`);
}

const incident = INCIDENTS[name];
if (incident === undefined || (flag !== undefined && flag !== "--observe")) {
  console.error(
    `usage: node cli/genesis.js --node examples/incidents/start.ts ${Object.keys(INCIDENTS).join("|")} [--observe]`,
  );
  process.exit(2);
}
try {
  const local = await startNewsroom(incident);
  const ended = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  try {
    await Promise.race([ended, play(local, incident)]);
    await ended;
  } finally {
    await local.stop();
  }
  // Where it was told to end early, tasks are still waiting to be handed in.
  process.exit();
} catch (error) {
  if (!(error instanceof StartFailure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
