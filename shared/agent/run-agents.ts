import { orGivenUp, type StepAtHand, type Stop } from "../bus/attempt.ts";
import type { BusContext, Work } from "../bus/context.ts";
import type { StepOutcome } from "../bus/result.ts";
import { waitForSetup } from "../bus/wait-for-setup.ts";
import { work } from "../bus/work.ts";
import { agentConsumer } from "../contract/streams.ts";
import { LANES } from "../contract/subjects.ts";
import type { Log } from "../telemetry/logging.ts";
import { countFromZero, readGauges } from "../telemetry/metrics.ts";
import { ATTRIBUTE } from "../telemetry/names.ts";
import { applyObservation } from "../telemetry/observation.ts";
import { span } from "../telemetry/operations.ts";
import type { Agent } from "./define-agent.ts";
import { observe, type Ending } from "./observe.ts";
import { runStep } from "./run-step.ts";

/** Agents, and how many steps each works on at a time in this process. */
export type Staff = readonly { agent: Agent; concurrency: number }[];

/**
 * Has agents do the steps that are dispatched to them, until they are told to drain. Makes nothing on the broker: a
 * card in a catalogue and `genesis setup` make an agent's consumers. @throws SetupMissing when they, or the stream of
 * claims, are not there after 60 s
 */
export async function runAgents(ctx: BusContext, staff: Staff): Promise<Work[]> {
  const consumers = staff.flatMap(({ agent }) =>
    LANES.map((lane) => ({ stream: "log" as const, durable: agentConsumer(agent.name, lane) })),
  );
  // Without the claims a step that ends every process which has it would never be given up, and nobody would be told.
  await waitForSetup(ctx.bus, { streams: ["log", "claims"], consumers });
  for (const { agent } of staff) countFromZero("cost", { agent: agent.name });
  const inHand = new Map(staff.map(({ agent }) => [agent.name, 0]));
  const workers = staff.map(({ agent, concurrency }) => ({
    name: agent.name,
    concurrency,
    run: async (step: StepAtHand) => {
      inHand.set(agent.name, inHand.get(agent.name)! + 1);
      const done = attempt(agent, { ...step, log: ctx.log });
      return done.finally(() => inHand.set(agent.name, inHand.get(agent.name)! - 1));
    },
  }));
  const stopShowing = readGauges(async () =>
    [...inHand].map(([agent, value]) => ({ metric: "inflight", labels: { agent }, value })),
  );
  void ctx.bus.closed.then(stopShowing);
  return work(ctx, workers);
}

/**
 * One attempt, as a span of the GenAI conventions under the span of its message. The span of one that is given up ends
 * with that, whatever its handler does.
 */
function attempt(agent: Agent, step: StepAtHand & { log: Log }): Promise<StepOutcome | undefined> {
  const { step: id = "", attempt: number = 1 } = step.event;
  const attributes = {
    [ATTRIBUTE.genAiOperation]: "invoke_agent",
    [ATTRIBUTE.genAiAgent]: agent.name,
    [ATTRIBUTE.step]: id,
    [ATTRIBUTE.attempt]: number,
    [ATTRIBUTE.genAiConversation]: step.event.correlationId,
  };
  return span("invoke_agent", attributes, async () => {
    const startedMs = performance.now();
    const outcome = await orGivenUp(runStep(agent, step), step.signal);
    const durationMs = performance.now() - startedMs;
    const usage = outcome && ("failed" in outcome ? outcome.failed : outcome.completed).usage;
    const ending = endingOf(outcome, step.signal);
    applyObservation(() => observe({ agent: agent.name, durationMs, ending, usage }));
    return outcome;
  });
}

/** How an attempt ended. One whose time was over has failed with that, whatever its handler made of it. */
function endingOf(outcome: StepOutcome | undefined, { aborted, reason }: AbortSignal): Ending {
  if (outcome !== undefined && "completed" in outcome) return { outcome: "completed" };
  if (reason === ("timeout" satisfies Stop)) return { outcome: "failed", error: "E_TIMEOUT" };
  if (aborted) return { outcome: "stopped", stoppedFor: reason as Stop };
  return { outcome: "failed", error: outcome?.failed.error.code ?? "E_AGENT" };
}
