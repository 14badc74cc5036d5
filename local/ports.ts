import { createServer } from "node:net";
import { StartFailure } from "./failure.ts";

/** Everything listens on this machine only. */
export const HOST = "127.0.0.1";

/** The ports of an instance. A service's port 0 means that it picks a free one itself and says which. */
export type Ports = { nats: number; monitor: number; services: number[] };

const NATS_PORT = 4222;
const MONITOR_PORT = 8222;
const FIRST_SERVICE_PORT = 9464;

/** The largest `--port` for which every shifted port still exists, with room for 99 services. */
export const MAX_PORT = 65_535 - (FIRST_SERVICE_PORT - NATS_PORT) - 99;

// Below the range from which systems take the source ports of connections. A client that keeps knocking at a dead broker's port
// inside that range can end up connected to itself, and then the broker never gets its port back.
const FREE_FROM = 15_000;
const FREE_TO = 32_000;
const TRIES = 100;

/**
 * The ports for the broker on `port` (all others move with it), checked to be free; free ones everywhere for 0.
 * @throws StartFailure naming the first port that is taken
 */
export async function choosePorts(port: number, serviceCount: number): Promise<Ports> {
  if (port === 0) {
    const nats = await freePort();
    return { nats, monitor: await freePort(nats), services: Array<number>(serviceCount).fill(0) };
  }
  const shift = port - NATS_PORT;
  const services = Array.from({ length: serviceCount }, (_, i) => FIRST_SERVICE_PORT + shift + i);
  for (const wanted of [port, MONITOR_PORT + shift, ...services]) {
    const obstacle = await obstacleTo(wanted);
    if (obstacle === undefined) continue;
    const reason = obstacle === "EADDRINUSE" ? "is taken" : `cannot be used (${obstacle})`;
    throw new StartFailure(
      `port ${wanted} ${reason} on ${HOST}; move all ports with --port N, or use free ones with --port 0`,
    );
  }
  return { nats: port, monitor: MONITOR_PORT + shift, services };
}

async function freePort(except?: number): Promise<number> {
  for (let i = 0; i < TRIES; i += 1) {
    const port = FREE_FROM + Math.floor(Math.random() * (FREE_TO - FREE_FROM));
    if (port !== except && (await obstacleTo(port)) === undefined) return port;
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
