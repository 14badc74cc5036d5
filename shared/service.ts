import packageJson from "../package.json" with { type: "json" };
import { watchConnection } from "./bus/broker-gauges.ts";
import { connect, type Bus } from "./bus/connect.ts";
import type { BusContext, Work } from "./bus/context.ts";
import { waitForSetup } from "./bus/wait-for-setup.ts";
import { consumers, type ConsumerSpec } from "./contract/streams.ts";
import { SettingError, ignoredSettings, readSettings, type Settings } from "./config.ts";
import { codeOf, EXIT, Refusal, refusalOf, tell } from "./refusal.ts";
import { endAs, endOnSignals, type Running } from "./service-end.ts";
import { serveHttp, type HttpServer } from "./telemetry/http.ts";
import { getObservability, type ObservabilityOptions } from "./telemetry/observability.ts";

/** What a service is given to work with. */
export type Context = BusContext & { settings: Settings };

/** What a service does. */
export type Service<T> = {
  /** What must be right before anything else is tried, such as a catalogue: whatever this throws is told at once. */
  prepare?: (settings: Settings) => T | Promise<T>;
  /** Begins the work, on a broker whose streams and consumers are there. */
  start: (context: Context, prepared: T) => Promise<readonly Work[]>;
};

const observability = getObservability();

/**
 * The life of a process: settings, telemetry, broker, work, ready; then SIGTERM, SIGINT or a supervisor that is gone, drain,
 * exit 0 within 10 s. A second signal ends it at once. What stops it from starting is told in one line on standard error:
 * exit 78 where starting again would not help (settings, catalogue, a broker that is unfit), else 1. Work that ends by itself
 * and a connection that is closed end the process with 1, a bug with 70: whoever supervises it starts it again.
 */
export async function service<T>(name: string, spec: Service<T>): Promise<void> {
  const settings = settingsOrExit(name);
  const { logLevel: level, logFormat: format, logErrorText: errorText } = settings;
  const log = observability.openLog({ service: name, level, format, errorText });
  const running: Running = { name, log, works: [], isReady: false, isEnding: false };
  endOnSignals(running);
  try {
    await begin(running, settings, spec);
  } catch (error) {
    await refuse(running, error);
  }
}

/** Before anything else, and without it: a wrong setting is told at once. */
function settingsOrExit(name: string): Settings {
  try {
    return readSettings();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    tell(name, error.message);
    process.exit(EXIT.config);
  }
}

async function begin<T>(running: Running, settings: Settings, { prepare, start }: Service<T>): Promise<void> {
  const { name, log } = running;
  const startedMs = performance.now();
  const { version } = packageJson;
  log.info({ event: "starting", version }, "starting");
  for (const variable of ignoredSettings())
    log.warn({ event: "setting_ignored", variable }, "not one of its values; the default holds");
  const prepared = (await prepare?.(settings)) as T;
  await observe({ service: name, version, settings });
  running.http = await serve(running, settings);
  const bus = await reachBroker(running, settings);
  running.works = await start({ name, settings, bus, log }, prepared);
  for (const { ended } of running.works) {
    ended.then(
      () => endAs(running, EXIT.failed, { event: "work_ended" }),
      (err: unknown) => endAs(running, EXIT.failed, { event: "work_ended", err }),
    );
  }
  running.isReady = true;
  const http = running.http.address;
  log.info({ event: "ready", http, duration_ms: Math.round(performance.now() - startedMs) }, "ready");
  process.send?.({ ready: true, http });
}

async function observe(options: ObservabilityOptions): Promise<void> {
  try {
    await observability.start(options);
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new SettingError("GENESIS_TRACES_FILE", `must be a file that can be written (${codeOf(error)})`);
  }
}

/** Answers from the beginning on, so that a process which waits for its broker can be seen to wait. */
async function serve(running: Running, { httpHost: host, httpPort: port }: Settings): Promise<HttpServer> {
  const readiness = async () => ({
    started: running.isReady && !running.isEnding,
    broker: running.bus?.isReady() ?? false,
  });
  try {
    return await serveHttp({ host, port, readiness });
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE")
      throw new Refusal("the port of GENESIS_HTTP_PORT is taken; 0 picks a free one");
    throw new SettingError("GENESIS_HTTP_HOST", `and GENESIS_HTTP_PORT cannot be bound (${codeOf(error)})`);
  }
}

async function reachBroker(running: Running, settings: Settings): Promise<Bus> {
  const { name, log } = running;
  const bus = await connect({
    url: settings.natsUrl,
    prefix: settings.prefix,
    name: `genesis-${name}`,
    onWait: (waitedMs, reason) =>
      log.warn({ event: "broker_away", reason, duration_ms: Math.round(waitedMs) }, "waiting for the broker"),
  });
  running.bus = bus;
  watchConnection(bus);
  void bus.closed.then((err) => endAs(running, EXIT.failed, { event: "connection_closed", err }));
  await waitForSetup(bus, { streams: ["log", "inbox", "dlq", "timers"], consumers: ownConsumers(bus, name) });
  return bus;
}

/** The durables that are called after the service. Those of agents are known to who reads the catalogue. */
function ownConsumers({ subjects }: Bus, name: string): ConsumerSpec[] {
  return consumers(subjects, []).filter(({ durable }) => durable === name || durable.startsWith(`${name}-`));
}

async function refuse(running: Running, err: unknown): Promise<void> {
  if (running.isEnding) return;
  running.isEnding = true;
  const { line, code } = refusalOf(err);
  running.log.fatal({ event: "start_failed", err }, line);
  tell(running.name, line);
  if (code !== EXIT.config) await observability.stop();
  process.exit(code);
}
