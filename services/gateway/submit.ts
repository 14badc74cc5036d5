import type { Arrival, Taken } from "../../shared/bus/door.ts";
import type { Bus } from "../../shared/bus/connect.ts";
import type { Fact } from "../../shared/bus/fact.ts";
import { traceHeadersIn } from "../../shared/bus/processed.ts";
import { GenesisError } from "../../shared/contract/errors.ts";
import { sha256 } from "../../shared/contract/plan-hash.ts";
import { CorrelationContext } from "../../shared/telemetry/correlation.ts";
import { recordPoint } from "../../shared/telemetry/metrics.ts";
import { spanContextOf } from "../../shared/telemetry/trace-context.ts";
import { accept, runOf } from "./accept.ts";

/** Less than the 5 s that clients of NATS commonly wait for an answer. */
const ANSWER_WITHIN_MS = 3000;

/**
 * Takes a task in: when this returns, `task.submitted` is on disk. A key that was used before gives the run that it
 * was used for. @param hasRoom whether the log has room for new runs @throws GenesisError with the reason for which
 * the task is refused
 */
export async function submit(bus: Bus, arrival: Arrival, hasRoom: () => Promise<boolean>): Promise<Taken> {
  const { run, isKeyed } = runOf(arrival);
  const subject = bus.subjects.fact("task.submitted", run, "once");
  if (isKeyed) {
    // Looked up before the payload is judged: a deadline that has passed since does not make a repeated task a wrong
    // one.
    const known = await bus.log.read(subject);
    if (known) return sameAsBefore(known, arrival);
  }
  const madeAtMs = Date.now();
  const { event, correlationId: callers } = accept(arrival, run, madeAtMs);
  if (!(await hasRoom())) throw new GenesisError("E_OVERLOAD");
  const { correlationId } = CorrelationContext.create(callers);
  const root = { caller: traceHeadersIn(arrival.headers), queueWaitMs: arrival.inbox?.queueWaitMs };
  // Whoever asks waits for the answer; what is in the inbox waits for ever.
  const patience = arrival.inbox ? {} : { tryForMs: ANSWER_WITHIN_MS };
  const options = { correlationId, madeAtMs, root, ...patience };
  const outcome = await bus.log.append({ event, expect: "subject" }, options);
  if (outcome.kind === "superseded") return sameAsBefore(outcome.by, arrival);
  if (outcome.kind === "moved") throw new GenesisError("E_STORAGE");
  if (outcome.again) {
    // The same task in the same millisecond is the same fact, with the correlation and trace of whoever was first.
    const stands = await bus.log.read(subject);
    if (stands) return sameAsBefore(stands, arrival);
  }
  const began = spanContextOf(outcome);
  recordPoint({ metric: "runsSubmitted", labels: {}, value: 1 }, began);
  return { accepted: { run, correlationId, traceId: began?.traceId ?? "" }, root: outcome.traceparent };
}

/**
 * The task that a run began with, for whoever submits it again. @throws GenesisError `E_CONFLICT` for another payload
 */
function sameAsBefore({ event }: Fact, arrival: Arrival): Taken {
  if (event?.type !== "task.submitted" || event.data.requestHash !== sha256(arrival.bytes))
    throw new GenesisError("E_CONFLICT");
  const { run, correlationId } = event;
  return { accepted: { run, correlationId, traceId: spanContextOf(event)?.traceId ?? "" } };
}
