import type { Append } from "../../shared/contract/decider.ts";
import { INLINE_BYTES, MAX_FACT_BYTES } from "../../shared/contract/envelope.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import type { NewEvent } from "../../shared/contract/events.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { ENVELOPE_BYTES, fitsInFact } from "../../shared/domain/fact-size.ts";
import type { Plan } from "../../shared/domain/run-plan.ts";
import { stateOf, type Run } from "../../shared/domain/run.ts";
import type { Cause } from "../../shared/domain/step-state.ts";
import { inlineOrRefs, otherInputs, sizeOf, type Output } from "./outputs.ts";

/**
 * Asks the agent of a step for its next attempt: with the outputs of the primitive steps it directly depends on,
 * inline while the message stays small. A dispatch that could not be written becomes the failure of its attempt.
 */
export function dispatch({
  run,
  plan,
  step,
  cause,
}: {
  run: Run;
  plan: Plan;
  step: Step;
  cause: Cause;
}): Append {
  const attempt = (run.dispatches.get(step.id)?.length ?? 0) + 1;
  const agent = plan.agentOf.get(step.id) ?? "";
  const task = run.task!;
  const outputs = directOutputs(run, step);
  const input = step.input ?? {};
  const room = INLINE_BYTES - ENVELOPE_BYTES - sizeOf(input);
  const data: NewEvent<"step.dispatched">["data"] = {
    planHash: plan.hash,
    agent,
    taskType: step.taskType,
    title: step.title,
    input,
    results: inlineOrRefs(outputs, room),
    deadline: task.data.deadline,
    timeoutMs: step.timeoutMs,
    effectKey: `${run.id}.${step.id}`,
  };
  const about = { run: run.id, step: step.id, attempt, causationId: cause.id };
  if (!fitsInFact(data)) {
    const error = new GenesisError("E_TOO_LARGE", [
      { path: "step.dispatched", rule: `at most ${MAX_FACT_BYTES} bytes` },
    ]);
    const event: NewEvent<"step.failed"> = {
      ...about,
      type: "step.failed",
      tokens: [step.id, attempt],
      data: { agent, error: error.toJSON() },
    };
    return { event, expect: { runAt: run.lastSeq } };
  }
  const event: NewEvent<"step.dispatched"> = {
    ...about,
    type: "step.dispatched",
    tokens: [step.id, attempt, agent, task.data.priority],
    data,
  };
  return { event, expect: "attempt", links: otherInputs(outputs, cause) };
}

function directOutputs(run: Run, step: Step): Output[] {
  return step.dependsOn.flatMap((id) => {
    const state = stateOf(run, id);
    return state.is === "completed" ? [{ step: id, event: state.event }] : [];
  });
}
