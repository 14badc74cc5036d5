import { randomBytes } from "node:crypto";
import { factOf, traceIdOf, type Fact } from "./fact-shape.ts";
import type { ForeignClient, Headers, PubAck } from "./foreign-client.ts";

/** The agent of the catalogue `puppet`, played by the test: it answers when and what it is told to. */

/** The dispatch of an attempt, once it stands in the log. */
export async function dispatchOf(
  client: ForeignClient,
  run: string,
  step: string,
  attempt = 1,
): Promise<Fact> {
  return factOf(await client.waitFor(`genesis.v1.step.dispatched.${run}.${step}.${attempt}.puppet.normal`));
}

/** Answers a dispatch with a result. */
export function complete(client: ForeignClient, dispatched: Fact, output: unknown = "done"): Promise<PubAck> {
  return completeWith(client, dispatched, { output, headers: traceOf(dispatched) });
}

/** The same, with headers of the test's own. */
export function completeWith(
  client: ForeignClient,
  { run, body, data }: Fact,
  { output = "done", headers }: { output?: unknown; headers: Headers },
): Promise<PubAck> {
  const at = new Date().toISOString();
  const step = body.step!;
  const result = { agent: data.agent, attempt: body.attempt, output, startedAt: at, finishedAt: at };
  const fact = { type: "step.completed", run, rest: [step], step, causationId: body.id, data: result };
  return client.write(fact, headers);
}

/** Answers a dispatch with a failure that another attempt may make good. */
export function fail(client: ForeignClient, dispatched: Fact): Promise<PubAck> {
  const { run, body, data } = dispatched;
  const step = body.step!;
  const attempt = body.attempt!;
  const error = {
    code: "E_AGENT",
    message: "The agent could not do the step.",
    retryable: true,
    details: [],
  };
  const about = { type: "step.failed", run, rest: [step, attempt], step, attempt, causationId: body.id };
  return client.write({ ...about, data: { agent: data.agent, error } }, traceOf(dispatched));
}

/** A span of its own in the trace of what it answers, which it tells nobody of. */
export function traceOf(dispatched: Fact): { traceparent: string } {
  return { traceparent: `00-${traceIdOf(dispatched)}-${randomBytes(8).toString("hex")}-01` };
}
