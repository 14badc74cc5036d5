import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from "@nats-io/jetstream";
import {
  AuthorizationError,
  PermissionViolationError,
  type NatsConnection,
  type Status,
} from "@nats-io/nats-core";
import { connect as connectNode } from "@nats-io/transport-node";
import { setTimeout as sleep } from "node:timers/promises";
import { MIN_MAX_PAYLOAD, MIN_SERVER_VERSION, streamNames, type StreamName } from "../contract/streams.ts";
import { subjectsOf, type Subjects } from "../contract/subjects.ts";
import { useBroker } from "../telemetry/message-attributes.ts";
import { countBugs, type Bugs } from "./bugs.ts";
import { inOrder, type InOrder } from "./in-order.ts";
import { openLog, type Log } from "./log.ts";
import { openRequests, type Requests } from "./requests.ts";
import { keepRuns, type Runs } from "./runs.ts";
import { GENESIS } from "../contract/command.ts";

/** A cell of Genesis on a broker, as everything in a process reaches it. */
export type Bus = {
  nc: NatsConnection;
  js: JetStreamClient;
  jsm: JetStreamManager;
  requests: Requests;
  subjects: Subjects;
  names: Record<StreamName, string>;
  log: Log;
  /** The runs that this process works on. */
  runs: Runs;
  /** The work of this process: what belongs to one run is done in order. */
  turns: InOrder;
  /** What this process failed to handle because of a bug. */
  bugs: Bugs;
  isConnected: () => boolean;
  /** Connected, and not refused anything by the broker's permissions in the last minute. */
  isReady: () => boolean;
  /** Resolves when the connection is gone for good, to the reason if there is one. */
  closed: Promise<Error | undefined>;
  /** Sends what is still to be sent, and closes. */
  close: () => Promise<void>;
};

export type ConnectOptions = {
  url: string;
  prefix: string;
  /** Shown in the broker's list of connections. */
  name: string;
  /** How long to wait for a broker that is away. */
  waitMs?: number;
  /** Told before each wait: how long it has waited already, and why. */
  onWait?: (waitedMs: number, reason: string) => void;
};

/** A broker that cannot carry Genesis, however long one waits. The message says in one sentence what is wrong. */
export class BrokerUnfit extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BrokerUnfit";
  }
}

/** No broker in time. The message says what to do. */
export class BrokerAway extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BrokerAway";
  }
}

const WAIT_MS = 60_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** A dead link is noticed after two of them. */
const PING_MS = 5000;
const RECONNECT_MS = 250;
const DIAL_WITHIN_MS = 5000;
const CLOSE_WITHIN_MS = 2000;
const VIOLATION_COUNTS_MS = 60_000;
/** How many messages a process handles at a time. */
const AT_A_TIME = 32;

/**
 * Connects, waiting while the broker is away, and from then on for as long as it takes. @throws BrokerUnfit for a
 * broker that is too old, has no JetStream, takes too small messages or refuses the credentials; @throws BrokerAway
 * when none came within `waitMs`
 */
export async function connect({ url, prefix, name, waitMs = WAIT_MS, onWait }: ConnectOptions): Promise<Bus> {
  const subjects = subjectsOf(prefix);
  const nc = await dialUntil(url, { name, waitMs, onWait: onWait ?? (() => {}) });
  try {
    const jsm = await managerOf(nc);
    useBroker(url);
    return openBus(nc, jsm, subjects);
  } catch (error) {
    await nc.close();
    throw error;
  }
}

type Dial = Required<Pick<ConnectOptions, "name" | "waitMs" | "onWait">>;

async function dialUntil(url: string, { name, waitMs, onWait }: Dial): Promise<NatsConnection> {
  const startedMs = performance.now();
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await dial(url, name);
    } catch (error) {
      if (error instanceof AuthorizationError)
        throw new BrokerUnfit(`the broker at ${hostOf(url)} refuses the credentials`, { cause: error });
      const waitedMs = performance.now() - startedMs;
      if (waitedMs + pauseMs > waitMs)
        throw new BrokerAway(
          `no broker answers at ${hostOf(url)}: start one ("${GENESIS} up") or set NATS_URL to where it is`,
          { cause: error },
        );
      onWait(waitedMs, error instanceof Error ? error.message : "no answer");
      await sleep(pauseMs);
    }
  }
}

function dial(url: string, name: string): Promise<NatsConnection> {
  const { username, password } = new URL(url);
  return connectNode({
    servers: url,
    // The client does not look for them there.
    ...(username !== "" && { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    name,
    timeout: DIAL_WITHIN_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    // By default the client gives up after ten attempts, and an iterator ends without a word.
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS,
    noAsyncTraces: true,
  });
}

/** JetStream's management interface, of a broker that is found fit. */
async function managerOf(nc: NatsConnection): Promise<JetStreamManager> {
  const { version = "0.0.0", jetstream: hasJetStream, max_payload = 0 } = nc.info ?? {};
  if (isOlder(version, MIN_SERVER_VERSION))
    throw new BrokerUnfit(
      `the broker is nats-server ${version}; Genesis needs ${MIN_SERVER_VERSION} or newer`,
    );
  if (max_payload < MIN_MAX_PAYLOAD)
    throw new BrokerUnfit(
      `the broker's max_payload is ${max_payload} bytes; Genesis needs ${MIN_MAX_PAYLOAD} so that every dead letter fits`,
    );
  if (hasJetStream !== true)
    throw new BrokerUnfit("the broker runs without JetStream; start it with a store_dir");
  return jetstreamManager(nc, { checkAPI: false });
}

function openBus(nc: NatsConnection, jsm: JetStreamManager, subjects: Subjects): Bus {
  const names = streamNames(subjects.prefix);
  let isConnected = true;
  const requests = openRequests(nc, () => isConnected);
  const log = openLog({ requests, name: names.log, subjects }, jsm);
  let violatedMs = Number.NEGATIVE_INFINITY;
  void watch(nc, (status) => {
    if (status.type === "reconnect") isConnected = true;
    if (status.type === "disconnect" || status.type === "close") {
      isConnected = false;
      requests.failAll();
    }
    if (status.type === "error" && status.error instanceof PermissionViolationError)
      violatedMs = performance.now();
  });
  return {
    nc,
    js: jetstream(nc),
    jsm,
    requests,
    subjects,
    names,
    log,
    runs: keepRuns(log.history),
    turns: inOrder(AT_A_TIME),
    bugs: countBugs(),
    isConnected: () => isConnected,
    isReady: () => isConnected && performance.now() - violatedMs > VIOLATION_COUNTS_MS,
    closed: nc.closed().then((error) => error ?? undefined),
    close: () => closeConnection(nc),
  };
}

async function watch(nc: NatsConnection, onStatus: (status: Status) => void): Promise<void> {
  for await (const status of nc.status()) onStatus(status);
}

async function closeConnection(nc: NatsConnection): Promise<void> {
  if (nc.isClosed()) return;
  // Draining waits for the broker, which may be away.
  const late = sleep(CLOSE_WITHIN_MS, undefined, { ref: false });
  await Promise.race([nc.drain().catch(() => {}), late]);
  await nc.close();
}

/** Whether version `a` (`major.minor.patch`, whatever follows) is older than `b`. */
export function isOlder(a: string, b: string): boolean {
  const [left = [], right = []] = [a, b].map((text) => text.split(/[.-]/, 3).map(Number));
  const differs = left.findIndex((part, i) => part !== right[i]);
  return differs !== -1 && !((left[differs] ?? 0) > (right[differs] ?? 0));
}

/** Host and port of a URL; what else is in it may be a password. */
function hostOf(url: string): string {
  return new URL(url).host;
}
