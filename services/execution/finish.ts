import type { Append } from "../../shared/contract/decider.ts";
import { INLINE_BYTES } from "../../shared/contract/envelope.ts";
import { bounded } from "../../shared/contract/errors.ts";
import type { NewEvent, StoredEvent } from "../../shared/contract/events.ts";
import type { Ending } from "../../shared/domain/endings.ts";
import { stateOf, type Run } from "../../shared/domain/run.ts";
import { inlineOrRefs, otherInputs, sizeOf, type Output } from "./outputs.ts";

/** Everything in `run.finished` but its result and its error takes less than this. */
const REST_BYTES = 4096;

/** The one terminal event of a run: what came of it, counted over the primitive steps of the revision in force. */
export function finish(
  run: Run,
  task: StoredEvent<"task.submitted">,
  { outcome, cause, error }: Ending,
): Append {
  const states = run.plan?.primitives.map(({ id }) => stateOf(run, id).is) ?? [];
  const count = (is: string): number => states.filter((state) => state === is).length;
  const outputs = run.plan?.sinks.flatMap(({ id }): Output[] => {
    const state = stateOf(run, id);
    return state.is === "completed" ? [{ step: id, event: state.event }] : [];
  });
  // The error may be an agent's own words, as long as the fact that it came in.
  const why = error && bounded(error);
  const room = INLINE_BYTES - REST_BYTES - (why ? sizeOf(why) : 0);
  const event: NewEvent<"run.finished"> = {
    type: "run.finished",
    run: task.run,
    tokens: ["once"],
    causationId: cause.id,
    data: {
      outcome,
      through: run.lastSeq,
      ...(outputs && { result: inlineOrRefs(outputs, room) }),
      ...(why && { error: why }),
      counts: { completed: count("completed"), failed: count("failed"), skipped: count("skipped") },
      usage: run.usage,
    },
  };
  return { event, expect: { runAt: run.lastSeq }, links: otherInputs(outputs ?? [], cause) };
}
