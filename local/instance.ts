import { nameFromAnywhere } from "../shared/catalog/load.ts";
import type { Settings } from "../shared/config.ts";
import { brokerFiles, brokerUrls, type BrokerPlan } from "./broker.ts";
import { updateClaim } from "./claim.ts";
import { reasonOf } from "./failure.ts";
import { observeUrls, writeTargets, type ObservePlan } from "./observe.ts";
import type { Progress } from "./progress.ts";
import { writeState, type InstanceSettings, type LocalState } from "./state.ts";
import type { Supervised } from "./supervise.ts";

/** An instance as its own process knows it: what it is made from, and what runs by now. */
export type Instance = {
  plan: BrokerPlan;
  /** Where it is observed. */
  observe?: ObservePlan;
  settings: Record<string, string>;
  silenceMs: number;
  readyWithinMs: number;
  progress: Progress;
  signal: AbortSignal;
  running: { broker?: Supervised; observers: Supervised[]; services: Supervised[] };
  /** What the settings of its services say, as far as others must know. */
  told?: InstanceSettings;
  /** From the first time that everything was ready on, `state.json` follows what happens. */
  isReady: boolean;
};

/** Writes down what runs, for `down` and for whoever looks at the instance. Never throws. */
export function writeDown(instance: Instance): void {
  const { broker, observers, services } = instance.running;
  try {
    const all = [broker, ...observers, ...services];
    updateClaim(
      instance.plan.dir,
      all.flatMap((s) => s?.record ?? []),
    );
    const state = stateOf(instance);
    if (instance.observe) writeTargets(instance.observe, state.services);
    if (instance.isReady) writeState(instance.plan.dir, state);
  } catch (error) {
    // A full disk or a deleted folder must not take the broker and the services down.
    instance.progress.say(`the state cannot be written: ${reasonOf(error)}`);
  }
}

/** What others must know of the settings that its services have. */
export function settingsOf({ catalog, prefix, modelName, sdkDisabled }: Settings): InstanceSettings {
  return {
    catalog: catalog.map(nameFromAnywhere),
    prefix,
    ...(modelName !== undefined && { model: modelName }),
    ...(sdkDisabled && { sdkDisabled }),
  };
}

/** What `state.json` says of it. */
export function stateOf({ plan, observe, running, told }: Instance): LocalState {
  return {
    up: { pid: process.pid },
    nats: { ...brokerUrls(plan), ...brokerFiles(plan.dir), pid: running.broker?.record?.pid ?? 0 },
    services: running.services.flatMap(({ name, record, address }) =>
      record === undefined || address === undefined ? [] : [{ name, pid: record.pid, http: address }],
    ),
    ...(observe && { observe: observeUrls(observe) }),
    ...(told && { settings: told }),
  };
}
