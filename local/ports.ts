import { createServer } from "node:net";
import { StartFailure } from "./failure.ts";

/** Everything listens on this machine only. */
export const HOST = "127.0.0.1";

/** The ports of an instance. A service's port 0 means that it picks a free one itself and says which. */
export type Ports = { nats: number; monitor: number; services: number[]; observe: ObservePorts };

/** Where the Collector takes spans over gRPC and HTTP and tells its health, and where Prometheus answers. */
export type ObservePorts = { grpc: number; http: number; health: number; prometheus: number };

const NATS_PORT = 4222;
const MONITOR_PORT = 8222;
const FIRST_SERVICE_PORT = 9464;
const OBSERVE_PORTS: ObservePorts = { grpc: 4317, http: 4318, health: 4319, prometheus: 9090 };

/** The largest `--port` for which every shifted port still exists, with room for 99 services. */
export const MAX_PORT = 65_535 - (FIRST_SERVICE_PORT - NATS_PORT) - 99;

// Below the range from which systems take the source ports of connections. A client that keeps knocking at a dead broker's port
// inside that range can end up connected to itself, and then the broker never gets its port back.
const FREE_FROM = 15_000;
const FREE_TO = 32_000;
const TRIES = 100;

/** For what ports are chosen: so many services, and the Collector and Prometheus where they are wanted. */
export type PortUsers = { services: number; observe: boolean };

/**
 * The ports for the broker on `port` (all others move with it), those that are used checked to be free; free ones everywhere for 0.
 * @throws StartFailure naming the first port that is taken
 */
export async function choosePorts(port: number, users: PortUsers): Promise<Ports> {
  const ports = port === 0 ? await freePorts(users) : movedPorts(port, users);
  if (port === 0) return ports;
  const { nats, monitor, services, observe } = ports;
  for (const wanted of [nats, monitor, ...services, ...(users.observe ? Object.values(observe) : [])]) {
    const obstacle = await obstacleTo(wanted);
    if (obstacle === undefined) continue;
    const reason = obstacle === "EADDRINUSE" ? "is taken" : `cannot be used (${obstacle})`;
    throw new StartFailure(
      `port ${wanted} ${reason} on ${HOST}; move all ports with --port N, or use free ones with --port 0`,
    );
  }
  return ports;
}

function movedPorts(port: number, users: PortUsers): Ports {
  const shift = port - NATS_PORT;
  const { grpc, http, health, prometheus } = OBSERVE_PORTS;
  return {
    nats: port,
    monitor: MONITOR_PORT + shift,
    services: Array.from({ length: users.services }, (_, i) => FIRST_SERVICE_PORT + shift + i),
    observe: {
      grpc: grpc + shift,
      http: http + shift,
      health: health + shift,
      prometheus: prometheus + shift,
    },
  };
}

async function freePorts(users: PortUsers): Promise<Ports> {
  const found = new Set<number>();
  const free = async (): Promise<number> => {
    const port = await freePort(found);
    found.add(port);
    return port;
  };
  return {
    nats: await free(),
    monitor: await free(),
    services: Array<number>(users.services).fill(0),
    observe: { grpc: await free(), http: await free(), health: await free(), prometheus: await free() },
  };
}

async function freePort(except: ReadonlySet<number>): Promise<number> {
  for (let i = 0; i < TRIES; i += 1) {
    const port = FREE_FROM + Math.floor(Math.random() * (FREE_TO - FREE_FROM));
    if (!except.has(port) && (await obstacleTo(port)) === undefined) return port;
  }
  throw new StartFailure(`no free port found on ${HOST} in ${TRIES} tries`);
}

/** Why nothing can listen on a port, as an error code; nothing when it is free. */
function obstacleTo(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
