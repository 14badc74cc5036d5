import type { Bus } from "../shared/bus/connect.ts";
import { orUndefined } from "../shared/bus/wait-for-setup.ts";
import { agentConsumer } from "../shared/contract/streams.ts";
import { stateOf, type Run } from "../shared/domain/run.ts";

/** The steps that were dispatched and that nobody has taken: their durable has not come to them yet. */
export async function untakenSteps({ jsm, names }: Bus, run: Run): Promise<Set<string>> {
  const lane = run.task?.data.priority;
  const untaken = new Set<string>();
  if (lane === undefined) return untaken;
  for (const [step, dispatches] of run.dispatches) {
    const last = dispatches.at(-1);
    if (last === undefined || stateOf(run, step).is !== "running") continue;
    const durable = agentConsumer(last.data.agent, lane);
    const info = await orUndefined(jsm.consumers.info(names.log, durable));
    if (info !== undefined && info.delivered.stream_seq < last.seq) untaken.add(step);
  }
  return untaken;
}
