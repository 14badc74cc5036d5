import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, connect as connectTcp, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connect, type Bus } from "../../shared/bus/connect.ts";
import type { BusContext, Work } from "../../shared/bus/context.ts";
import { setup } from "../../shared/bus/setup.ts";
import type { StreamSizes } from "../../shared/contract/streams.ts";
import type { Log, LogFields } from "../../shared/telemetry/logging.ts";

const MIB = 1024 * 1024;
const START_WITHIN_MS = 10_000;

/** A real nats-server of one test file, on a port and a store of its own. */
export type TestServer = {
  url: string;
  port: number;
  /** `kill -9`: what a power cut looks like to everybody else. */
  kill: () => Promise<void>;
  /** Starts it again on the same port and store. */
  restart: () => Promise<void>;
  /** Stops it for so many milliseconds: a machine without a CPU to spare. */
  stall: (ms: number) => Promise<void>;
  /** Ends it and deletes its store. */
  stop: () => Promise<void>;
};

/** What a test may change about its broker; the rest is as shipped. */
export type ServerOptions = { maxPayload?: number; jetstream?: boolean; config?: string };

/**
 * Starts `nats-server` (found on PATH) as the shipped configuration has it: every acknowledged write on disk,
 * messages up to 2 MiB. @throws Error when it does not listen within 10 s
 */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const dir = await mkdtemp(join(tmpdir(), "genesis-nats-"));
  const port = await freePort();
  const config = join(dir, "nats.conf");
  await writeFile(config, configText(dir, port, options));
  let running = await run(config, port);
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    const ended =
      running.exitCode === null && running.signalCode === null ? once(running, "exit") : undefined;
    running.ref();
    running.kill(signal);
    await ended;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    kill: () => kill("SIGKILL"),
    restart: async () => {
      running = await run(config, port);
    },
    stall: async (ms) => {
      running.kill("SIGSTOP");
      await delay(ms);
      running.kill("SIGCONT");
    },
    stop: async () => {
      await kill("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function configText(
  dir: string,
  port: number,
  { maxPayload = 2 * MIB, jetstream = true, config = "" }: ServerOptions,
): string {
  const store = jetstream ? `jetstream { store_dir: "${dir}", sync_interval: always }` : "";
  return `listen: "127.0.0.1:${port}"\nmax_payload: ${maxPayload}\n${store}\n${config}\n`;
}

async function run(config: string, port: number): Promise<ChildProcess> {
  const child = spawn("nats-server", ["-c", config], { stdio: "ignore" });
  // A test that fails before it stops its broker neither waits for it nor leaves it behind.
  child.unref();
  process.once("exit", () => child.kill("SIGKILL"));
  const failed = once(child, "error").then(([error]) => {
    throw new Error("nats-server is not on PATH", { cause: error });
  });
  await Promise.race([listening(port), failed]);
  return child;
}

async function listening(port: number): Promise<void> {
  const end = Date.now() + START_WITHIN_MS;
  while (!(await canConnect(port))) {
    if (Date.now() > end) throw new Error(`nats-server does not listen on ${port}`);
    await delay(10);
  }
}

async function canConnect(port: number): Promise<boolean> {
  const socket = connectTcp(port, "127.0.0.1");
  try {
    await once(socket, "data");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A broker that is set up, a connection to it, and what everything in shared/bus asks for. */
export type TestCell = {
  server: TestServer;
  bus: Bus;
  ctx: BusContext;
  /** What was logged: the words for what happened. */
  logged: string[];
  /** Drains the work, closes the connection, ends the broker. */
  stop: (...work: Work[]) => Promise<void>;
};

const SIZES = { logMaxBytes: 64 * MIB, dlqMaxBytes: 64 * MIB, inboxMaxBytes: 64 * MIB };

/** Starts a broker, connects and sets it up. @param agents whose durables there are */
export async function startCell(
  agents: { name: string; concurrency: number }[] = [{ name: "worker", concurrency: 2 }],
  sizes: Partial<StreamSizes> = {},
): Promise<TestCell> {
  const server = await startServer();
  const bus = await connect({ url: server.url, prefix: "genesis", name: "test" });
  await setup(bus, { agents, sizes: { ...SIZES, ...sizes } });
  const logged: string[] = [];
  const line = ({ event }: LogFields): void => void logged.push(event);
  const log: Log = { trace: line, debug: line, info: line, warn: line, error: line, fatal: line };
  const stop = async (...work: Work[]): Promise<void> => {
    await Promise.all(work.map(({ drain }) => drain()));
    await bus.close();
    await server.stop();
  };
  return { server, bus, ctx: { name: "test", bus, log }, logged, stop };
}
