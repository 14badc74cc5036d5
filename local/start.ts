import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadCatalog } from "../shared/catalog/load.ts";
import { childEnvironment, readSettings } from "../shared/config.ts";
import { GENESIS } from "../shared/contract/command.ts";
import { brokerUrls, launchBroker, type Profile } from "./broker.ts";
import { releaseClaim, takeClaim } from "./claim.ts";
import { StartFailure } from "./failure.ts";
import { findBroker } from "./find-broker.ts";
import { makeFolder, removeEmptyFolder } from "./folder.ts";
import { settingsOf, stateOf, writeDown, type Instance } from "./instance.ts";
import { exportSettings, observerPrograms } from "./observe.ts";
import { choosePorts } from "./ports.ts";
import { SILENT, type Progress } from "./progress.ts";
import { launchService, SERVICES, type ServiceSpec } from "./service.ts";
import { setUpBus } from "./set-up-bus.ts";
import { findObservers } from "./stack-tools.ts";
import { removeState, stateFile, type LocalState } from "./state.ts";
import { Supervised, type Program } from "./supervise.ts";

/** What a local instance is started with. */
export type LocalOptions = {
  /** The folder that holds everything it writes; made when it is not there. */
  dir: string;
  /** The broker's port, all others move with it; 0 picks free ones everywhere. */
  port: number;
  profile: Profile;
  /** Variables for the services, beyond those of this process. */
  settings?: Record<string, string>;
  /** The services; all of the house when not given. */
  services?: readonly ServiceSpec[];
  /** With a Collector that takes the spans of all services, and a Prometheus. */
  observe?: boolean;
  /** A service that was ready and answers nothing for so many milliseconds is started again; 30 s when not given. */
  silenceMs?: number;
  /** A service that is started again and not ready within so many milliseconds is killed, and started again; 90 s when not given. */
  readyWithinMs?: number;
  progress?: Progress;
  /** Ends a start that is under way; what was started by then is stopped. */
  signal?: AbortSignal;
};

/** An instance that runs. */
export type Local = {
  /** The broker's address. */
  url: string;
  dir: string;
  /** Path of `state.json`. */
  stateFile: string;
  /** What `state.json` says now. */
  state: () => LocalState;
  /** Stops everything, within 15 s. What it has written stays. */
  stop: () => Promise<void>;
};

const SILENCE_MS = 30_000;
const READY_WITHIN_MS = 90_000;
// Together under the 15 s of the local mode; a service drains within 10 s.
const SERVICE_GRACE_MS = 10_500;
const BROKER_GRACE_MS = 3000;

/**
 * Starts a broker of its own and every service, each as its own process, and keeps them up.
 * Resolves when all are ready. @throws StartFailure, SettingError or CatalogError when that cannot be; nothing is left running then
 */
export async function startLocal(options: LocalOptions): Promise<Local> {
  const { progress = SILENT, services = SERVICES, profile, observe = false } = options;
  const { settings = {}, signal = new AbortController().signal } = options;
  const { silenceMs = SILENCE_MS, readyWithinMs = READY_WITHIN_MS } = options;
  const dir = resolve(options.dir);
  const made = makeFolder(dir);
  await takeClaim(dir, progress);
  removeState(dir);
  const running: Instance["running"] = { observers: [], services: [] };
  try {
    const ports = await choosePorts(options.port, { services: services.length, observe });
    const plan = { dir, port: ports.nats, monitorPort: ports.monitor, profile };
    const instance: Instance = {
      plan,
      ...(observe && {
        observe: { dir, ports: ports.observe, programs: findObservers(childEnvironment({})) },
      }),
      settings,
      silenceMs,
      readyWithinMs,
      progress,
      signal,
      running,
      isReady: false,
    };
    await startBroker(instance);
    await startObservers(instance);
    await startServices(instance, services, ports.services);
    instance.isReady = true;
    writeDown(instance);
    return {
      url: brokerUrls(plan).url,
      dir,
      stateFile: stateFile(dir),
      state: () => stateOf(instance),
      stop: () => stopAll(dir, running),
    };
  } catch (error) {
    await stopAll(dir, running);
    if (made !== undefined) removeEmptyFolder(dir);
    throw error;
  }
}

async function startBroker(instance: Instance): Promise<void> {
  const { plan, progress, running, signal } = instance;
  // What is wrong with the settings or a catalogue is said before anything is started.
  const environment = childEnvironment({ ...instance.settings, NATS_URL: brokerUrls(plan).url });
  const settings = readSettings(environment);
  const { agents } = loadCatalog(settings.catalog);
  instance.told = settingsOf(settings);
  const found = await findBroker({ environment, progress, signal });
  progress.say(`nats-server ${found.version} from ${found.source}`);
  const launch = () => launchBroker(found.path, plan);
  running.broker = keepUp(instance, { name: "nats-server", launch, oneTry: true });
  await startAll([running.broker], instance);
  await setUpBus({ settings, agents });
  signal.throwIfAborted();
}

/** Before the services, so that their first spans have somewhere to go. */
async function startObservers(instance: Instance): Promise<void> {
  const { observe, running } = instance;
  if (observe === undefined) return;
  running.observers = observerPrograms(observe).map((program) => keepUp(instance, program));
  await startAll(running.observers, instance);
}

async function startServices(
  instance: Instance,
  services: readonly ServiceSpec[],
  ports: readonly number[],
): Promise<void> {
  const { plan, running, observe, silenceMs, readyWithinMs } = instance;
  const settings = { ...instance.settings, ...(observe && exportSettings(observe)) };
  const common = { dir: plan.dir, natsUrl: brokerUrls(plan).url, settings };
  running.services = services.map((spec, i) =>
    keepUp(instance, {
      name: spec.name,
      silenceMs,
      readyWithinMs,
      launch: (address) => {
        const port = address === undefined ? (ports[i] ?? 0) : Number(new URL(address).port);
        return launchService(spec, { ...common, port });
      },
    }),
  );
  await startAll(running.services, instance);
}

function keepUp(instance: Instance, program: Program): Supervised {
  return new Supervised(program, {
    changed: () => writeDown(instance),
    say: (line) => instance.progress.say(line),
  });
}

/** Starts programs at once. Resolves when all are ready. @throws StartFailure for the first that never will be */
async function startAll(programs: readonly Supervised[], { signal, plan, running }: Instance): Promise<void> {
  for (const program of programs) program.start();
  const enough = new AbortController();
  const late = sleep(READY_WITHIN_MS, undefined, { signal: AbortSignal.any([enough.signal, signal]) });
  const tooLate = late.then(() => {
    const missing = programs.filter((p) => p.address === undefined);
    const names = missing.map((p) => p.name);
    const [first] = missing;
    // What is not ours writes a log of its own kind.
    const log =
      first !== undefined && running.services.includes(first)
        ? `${GENESIS} logs ${first.name} --dir ${plan.dir}`
        : join(plan.dir, "logs", `${names[0]}.log`);
    throw new StartFailure(
      `${names.join(", ")} not ready within ${READY_WITHIN_MS / 1000} s; ${log} tells why`,
    );
  });
  try {
    await Promise.race([tooLate, Promise.all(programs.map((p) => p.firstReady))]);
  } finally {
    enough.abort();
  }
  // One may have been ready and gone down for good while the others were still starting.
  const failed = programs.find((p) => p.failure !== undefined);
  if (failed?.failure !== undefined) throw failed.failure;
}

async function stopAll(dir: string, { broker, observers, services }: Instance["running"]): Promise<void> {
  removeState(dir);
  // The services first: they finish what they have begun, which needs the broker, and send their last spans.
  await Promise.all(services.map((s) => s.stop(SERVICE_GRACE_MS)));
  const others = [...observers, ...(broker ? [broker] : [])];
  await Promise.all(others.map((s) => s.stop(BROKER_GRACE_MS)));
  releaseClaim(dir);
}
