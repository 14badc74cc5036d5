import { eventually } from "../support/eventually.ts";
import { factOf, traceIdOf } from "../support/fact-shape.ts";
import type { Headers } from "../support/foreign-client.ts";
import type { Instance } from "../support/instance.ts";

/** Which spans a scenario has left behind: those of a run, or of a trace that belongs to none. */
export type Left = { run: string } | { traceId: string };

export type Scenario = {
  /** What happens, as the golden file's first line says it. */
  about: string;
  /** Steps of which any may be the last one to end. */
  alike?: RegExp;
  /** Has it happen, and waits until it is over. */
  play: (instance: Instance) => Promise<Left>;
};

/** The headers of whoever calls from inside a trace of another system. */
export const within = (traceId: string, flags = "01") => ({
  traceparent: `00-${traceId}-00f067aa0ba902b7-${flags}`,
});

/** Submits a task at the door. @param task its type, or more than that @returns its run */
export async function begin(
  { client }: Instance,
  task: string | object,
  headers: Headers = {},
): Promise<string> {
  const said = typeof task === "string" ? { taskType: task } : task;
  return (await client.submit({ goal: "leave a trace", ...said }, headers))["run"]!;
}

/** The same, and waits for the end of the run. */
export async function whole(instance: Instance, task: string | object, headers: Headers = {}): Promise<Left> {
  const run = await begin(instance, task, headers);
  await instance.client.finished(run);
  return { run };
}

/** A run, once its agent sleeps over a step. */
export async function asleep(instance: Instance, task: object | string): Promise<string> {
  const { client } = instance;
  const sleeping = new Set<string>();
  const told = client.nc.subscribe("genesis.progress.>", {
    callback: (_, { subject }) => void sleeping.add(subject.split(".")[2]!),
  });
  const run = await begin(instance, task);
  await eventually(() => sleeping.has(run));
  told.unsubscribe();
  return run;
}

/** The trace that a run began with. */
export async function traceOfRun({ client }: Instance, run: string): Promise<string> {
  return traceIdOf(factOf(await client.waitFor(`genesis.v1.task.submitted.${run}.once`)));
}
