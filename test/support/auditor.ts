import {
  areOutputs,
  byStep,
  countsOf,
  decidedOutcome,
  endOfStep,
  planFor,
  resultsOf,
  usageOf,
  type Outcome,
} from "./audited-end.ts";
import { canonical } from "./audited-plan.ts";
import { factOf, traceIdOf, wrongInFact, type Fact } from "./fact-shape.ts";
import type { Stored } from "./stored-message.ts";

/**
 * An auditor: given what the log holds, it says what in it breaks the contract. It is written from the contract's page alone
 * and shares nothing with the services, least of all the fold.
 */

/** Every task that was accepted, by its run, and what it may have come to. */
export type Accepted = ReadonlyMap<string, readonly Outcome[]>;

/** What comes from outside, and so has no cause. */
const FROM_OUTSIDE = new Set(["task.submitted", "run.signal", "plan.update"]);
/** What comes from outside into a run, with a trace of its own. */
const INTO_A_RUN = new Set(["run.signal", "plan.update"]);
/** What may still be stored after the end of a run. */
const LATE = /^(step\.(completed|failed|dispatched)|plan\.\w+|run\.signal)$/;

/** Everything that is wrong in the log, a line each. */
export function audit(log: readonly Stored[], accepted: Accepted): string[] {
  const facts = log.map(factOf);
  const runs = Map.groupBy(facts, ({ run }) => run);
  const subjects = new Set(facts.map(({ subject }) => subject));
  const unasked = [...runs.keys()].filter((run) => !accepted.has(run));
  return [
    ...facts.flatMap(wrongInFact),
    ...(subjects.size === facts.length ? [] : ["a subject holds more than one message"]),
    ...unasked.map((run) => `${run}: nobody asked for it`),
    ...[...accepted].flatMap(([run, outcomes]) =>
      wrongInRun(runs.get(run) ?? [], outcomes).map((wrong) => `${run}: ${wrong}`),
    ),
  ];
}

function wrongInRun(all: readonly Fact[], outcomes: readonly Outcome[]): string[] {
  const from = all.findIndex(({ type }) => type === "task.submitted");
  if (from === -1) return ["was accepted, and is not in the log"];
  // What stood under the run's id before its task is no part of it.
  const facts = all.slice(from);
  const ends = facts.filter(({ type }) => type === "run.finished");
  if (ends.length !== 1) return [`has ${ends.length} ends`];
  return [
    ...wrongTies(facts),
    ...wrongVerdicts(facts),
    ...of(facts, "step.dispatched").flatMap((dispatched) => wrongDispatch(facts, dispatched)),
    ...wrongAttempts(facts),
    ...wrongAnswers(facts),
    ...wrongEnd(facts, ends[0]!, outcomes),
  ];
}

const of = (facts: readonly Fact[], type: string): Fact[] => facts.filter((fact) => fact.type === type);

/** What does not hold. */
const unless = (holds: boolean, wrong: string): string[] => (holds ? [] : [wrong]);

/** Causes, correlation and trace: what ties the facts of a run together. */
function wrongTies(facts: readonly Fact[]): string[] {
  const [task] = facts as [Fact];
  const seqOf = new Map(facts.map(({ body, seq }) => [body.id, seq]));
  return facts.flatMap((fact) => {
    const { type, seq, subject, body } = fact;
    const causeSeq = seqOf.get(body.causationId) ?? Infinity;
    const hasCause = FROM_OUTSIDE.has(type) ? body.causationId === "" : causeSeq < seq;
    return [
      ...unless(hasCause, `${subject}: its cause is no earlier fact of the run`),
      ...unless(body.correlationId === task.body.correlationId, `${subject}: another correlation id`),
      ...unless(INTO_A_RUN.has(type) || traceIdOf(fact) === traceIdOf(task), `${subject}: another trace`),
    ];
  });
}

/** A verdict carries the hash of the plan that it judges. */
function wrongVerdicts(facts: readonly Fact[]): string[] {
  const verdicts = [...of(facts, "plan.validated"), ...of(facts, "plan.rejected")];
  return verdicts.flatMap((verdict) =>
    unless(
      planFor(facts, verdict)?.hash === verdict.data.planHash,
      `${verdict.subject}: another plan's hash`,
    ),
  );
}

/** Nothing is dispatched but steps of a validated plan, as they stand there, after all that they wait for. */
function wrongDispatch(facts: readonly Fact[], { seq, subject, run, rest: [id = ""], data }: Fact): string[] {
  const before = facts.filter((fact) => fact.seq < seq);
  const validated = of(before, "plan.validated").find((fact) => fact.data.planHash === data.planHash);
  const plan = validated && planFor(facts, validated);
  const step = plan?.steps.get(id);
  if (!plan || step?.kind !== "primitive") return [`${subject}: in no validated plan`];
  const { taskType, title, timeoutMs, input = {}, dependsOn } = step;
  const planned = { taskType, title, timeoutMs, input, agent: plan.agentOf.get(id) };
  const differs = Object.entries(planned).filter(
    ([field, value]) => canonical(data[field]) !== canonical(value),
  );
  const open = plan.waitsFor(id).filter((other) => {
    const end = endOfStep(before, plan, other);
    return end?.type !== "step.completed" && !(end !== undefined && plan.policyOf(other) === "continue");
  });
  const given = of(before, "step.completed").filter(({ rest }) => dependsOn.includes(rest[0]!));
  return [
    ...differs.map(([field]) => `${subject}: another ${field} than in the plan`),
    ...open.map((other) => `${subject}: without ${other}`),
    ...unless(areOutputs(data.results, byStep(given)), `${subject}: not the results that it depends on`),
    ...unless(data.effectKey.includes(run) && data.effectKey.includes(id), `${subject}: effectKey`),
    ...unless(endOfStep(before, plan, id) === undefined, `${subject}: the step has its end already`),
  ];
}

/** Attempts count from 1, and each follows the failure of the one before. */
function wrongAttempts(facts: readonly Fact[]): string[] {
  const dispatches = Map.groupBy(of(facts, "step.dispatched"), ({ rest }) => rest[0]!);
  return [...dispatches].flatMap(([step, attempts]) => {
    const keys = new Set(attempts.map(({ data }) => data.effectKey));
    const order = attempts.flatMap(({ subject, seq, rest }, i) => {
      const failed = of(facts, "step.failed").find(({ rest: [of_, n] }) => of_ === step && n === String(i));
      const follows = i === 0 || (failed !== undefined && failed.seq < seq && failed.data.error.retryable);
      return unless(rest[1] === String(i + 1) && follows, `${subject}: is not what comes after attempt ${i}`);
    });
    return [...order, ...unless(keys.size === 1, `${step}: its effectKey depends on the attempt`)];
  });
}

/** Every answer is one to an attempt that went to that agent before; nothing is skipped that has begun. */
function wrongAnswers(facts: readonly Fact[]): string[] {
  const dispatches = of(facts, "step.dispatched");
  return facts.flatMap(({ type, subject, seq, rest: [step, n], data }) => {
    const asked = dispatches.filter((dispatched) => dispatched.rest[0] === step && dispatched.seq < seq);
    if (type === "step.skipped") {
      const failed = of(facts, "step.failed").filter(({ rest }) => rest[0] === step);
      return unless(asked.length <= failed.length, `${subject}: while the step was running`);
    }
    if (type !== "step.completed" && type !== "step.failed") return [];
    const attempt = type === "step.completed" ? data.attempt : Number(n);
    const isAsked = asked.some(
      ({ body, data: { agent } }) => body.attempt === attempt && agent === data.agent,
    );
    return unless(isAsked, `${subject}: answers no attempt`);
  });
}

/** The end says what the facts before it come to. */
function wrongEnd(facts: readonly Fact[], end: Fact, outcomes: readonly Outcome[]): string[] {
  const { outcome, through, counts, result = {}, error, usage } = end.data;
  const before = facts.filter(({ seq }) => seq < end.seq);
  const late = facts.filter(({ seq, type }) => seq > end.seq && !LATE.test(type));
  const decided = decidedOutcome(before, end.storedAtNs);
  const counted = countsOf(before);
  const isExplained = outcome !== "failed" || error !== undefined || counted.failed > 0;
  return [
    ...unless(outcomes.includes(outcome), `ended ${outcome}, and not ${outcomes.join(" or ")}`),
    ...unless(outcome === decided, `ended ${outcome}, and its facts say ${decided}`),
    ...unless(through === before.at(-1)!.seq, `is folded through ${through}, not to the fact before its end`),
    ...unless(
      canonical(counts) === canonical(counted),
      `counts ${canonical(counts)}, not ${canonical(counted)}`,
    ),
    ...unless(areOutputs(result, resultsOf(before)), "its result is not that of its last steps"),
    ...unless(isExplained, "nothing explains its failure"),
    ...unless(canonical(usage) === canonical(usageOf(before)), "its usage is not the sum of its steps'"),
    ...late.map(({ subject }) => `${subject}: after the end`),
  ];
}
