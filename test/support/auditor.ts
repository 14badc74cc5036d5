import { createHash } from "node:crypto";
import { factOf, traceIdOf, wrongInFact, type Fact } from "./fact-shape.ts";
import { bodyOf, type Stored } from "./foreign-client.ts";
import { planOf, type AuditedPlan } from "./audited-plan.ts";

/**
 * An auditor: given all that the log holds, it says what in it breaks the contract. It is written from the contract's page
 * alone and shares nothing with the services, least of all the fold.
 */

/** What a run should have come to. */
export type Outcome = "completed" | "failed" | "rejected" | "cancelled" | "expired";

/** What comes from outside, and so has no cause. */
const FROM_OUTSIDE = new Set(["task.submitted", "run.signal", "plan.update"]);
/** What may still be stored after the end of a run. */
const LATE = /^(step\.(completed|failed|dispatched)|plan\.\w+|run\.signal)$/;

/** Everything that is wrong. @param accepted every task that was accepted, and what it should have come to */
export function audit(
  log: readonly Stored[],
  accepted: ReadonlyMap<string, Outcome | readonly Outcome[]>,
): string[] {
  const facts = log.map(factOf);
  const runs = Map.groupBy(facts, ({ run }) => run);
  const unknown = [...runs.keys()].filter((run) => !accepted.has(run));
  return [
    ...facts.flatMap(wrongInFact),
    ...doubled(facts.map(({ subject }) => subject)).map((subject) => `${subject}: stands there twice`),
    ...unknown.map((run) => `${run}: nobody asked for it`),
    ...[...accepted].flatMap(([run, outcome]) =>
      auditRun(runs.get(run) ?? [], [outcome].flat()).map((wrong) => `${run}: ${wrong}`),
    ),
  ];
}

function auditRun(all: readonly Fact[], expected: readonly Outcome[]): string[] {
  const from = all.findIndex(({ type }) => type === "task.submitted");
  // What stood under the run's id before its task is no part of it.
  const facts = from === -1 ? [] : all.slice(from);
  const [task] = facts;
  if (task === undefined) return ["was accepted and is not in the log"];
  const ends = facts.filter(({ type }) => type === "run.finished");
  if (ends.length !== 1) return [`has ${ends.length} ends`];
  return [...wrongTies(facts), ...wrongPlans(facts), ...wrongAttempts(facts), ...wrongEnd(facts, ends[0]!, expected)];
}

/** Correlation, trace and causes: what ties the facts of a run together. */
function wrongTies(facts: readonly Fact[]): string[] {
  const [task] = facts as [Fact];
  const seqOf = new Map(facts.map((fact) => [fact.body.id, fact.seq]));
  return facts.flatMap((fact) => {
    const { type, seq, subject, body } = fact;
    const isFromOutside = FROM_OUTSIDE.has(type);
    const causeSeq = seqOf.get(body.causationId);
    const hasCause = isFromOutside ? body.causationId === "" : causeSeq !== undefined && causeSeq < seq;
    const isOwnTrace = type === "run.signal" || type === "plan.update";
    return [
      ...(hasCause ? [] : [`${subject}: its cause is not an earlier fact of the run`]),
      ...(body.correlationId === task.body.correlationId ? [] : [`${subject}: another correlation id`]),
      ...(isOwnTrace || traceIdOf(fact) === traceIdOf(task) ? [] : [`${subject}: another trace`]),
    ];
  });
}

/** Verdicts carry the hash of what they judge, and nothing is dispatched but what was judged well before. */
function wrongPlans(facts: readonly Fact[]): string[] {
  const verdicts = facts.filter(({ type }) => type === "plan.validated" || type === "plan.rejected");
  const forged = verdicts.filter((verdict) => planFor(facts, verdict)?.hash !== verdict.data.planHash);
  return [
    ...forged.map(({ subject }) => `${subject}: not the hash of its plan`),
    ...dispatchesOf(facts).flatMap((dispatched) => wrongDispatch(facts, dispatched)),
  ];
}

function wrongDispatch(facts: readonly Fact[], { seq, subject, run, rest, data }: Fact): string[] {
  const validated = facts.find(
    (fact) => fact.type === "plan.validated" && fact.seq < seq && fact.data.planHash === data.planHash,
  );
  const plan = validated && planFor(facts, validated);
  const step = plan?.steps.get(rest[0]!);
  if (!plan || step?.kind !== "primitive") return [`${subject}: in no validated plan`];
  const { taskType, title, timeoutMs, input = {}, dependsOn } = step;
  const asPlanned = { taskType, title, timeoutMs, input, agent: plan.agentOf.get(step.id) };
  const differs = Object.entries(asPlanned).filter(([field, value]) => canonical(data[field]) !== canonical(value));
  const before = facts.filter((fact) => fact.seq < seq);
  const early = plan.waitsFor(step.id).filter((other) => {
    const end = endOf(before, plan, other);
    return end === undefined || (end.type !== "step.completed" && plan.policyOf(other) !== "continue");
  });
  const outputs = before.filter(({ type, rest: [of = ""] }) => type === "step.completed" && dependsOn.includes(of));
  const results = Object.fromEntries(outputs.map((fact) => [fact.rest[0], fact]));
  const isGiven = isEach(data.results, results);
  return [
    ...differs.map(([field]) => `${subject}: another ${field} than in the plan`),
    ...early.map((other) => `${subject}: before the end of ${other}`),
    ...(isGiven ? [] : [`${subject}: not the results of what it depends on`]),
    ...(data.effectKey.includes(run) && data.effectKey.includes(step.id) ? [] : [`${subject}: effectKey`]),
  ];
}

/** Attempts count from 1, each after the failure of the one before; every answer is one to an attempt. */
function wrongAttempts(facts: readonly Fact[]): string[] {
  const dispatches = Map.groupBy(dispatchesOf(facts), ({ rest }) => rest[0]!);
  const order = [...dispatches].flatMap(([step, attempts]) =>
    attempts.flatMap((dispatched, i) => {
      const failed = facts.find(({ type, rest }) => type === "step.failed" && rest[0] === step && rest[1] === String(i));
      const follows = i === 0 || (failed !== undefined && failed.seq < dispatched.seq && failed.data.error.retryable);
      return [
        ...(dispatched.body.attempt === i + 1 ? [] : [`${dispatched.subject}: not attempt ${i + 1}`]),
        ...(follows ? [] : [`${dispatched.subject}: not after the failure of attempt ${i}`]),
      ];
    }),
  );
  const keys = [...dispatches.values()].map((attempts) => new Set(attempts.map(({ data }) => data.effectKey)));
  const answers = facts.filter(({ type }) => type === "step.completed" || type === "step.failed");
  const strays = answers.filter(({ seq, rest, type, data }) => {
    const attempt = type === "step.completed" ? data.attempt : Number(rest[1]);
    const asked = dispatches.get(rest[0]!)?.find(({ body }) => body.attempt === attempt);
    return asked === undefined || asked.seq > seq || asked.data.agent !== data.agent;
  });
  return [
    ...order,
    ...(keys.every(({ size }) => size === 1) ? [] : ["an effectKey depends on the attempt"]),
    ...strays.map(({ subject }) => `${subject}: answers no attempt`),
  ];
}

/** The end: what it says must be what the facts before it come to. */
function wrongEnd(facts: readonly Fact[], end: Fact, expected: readonly Outcome[]): string[] {
  const { outcome, through, counts, result, error, usage } = end.data;
  const before = facts.filter(({ seq }) => seq < end.seq);
  const after = facts.filter(({ seq }) => seq > end.seq);
  const validated = before.findLast(({ type }) => type === "plan.validated");
  const plan = validated && planFor(facts, validated);
  const ends = (plan?.primitives ?? []).map((step) => endOf(before, plan!, step));
  const count = (type: string): number => ends.filter((fact) => fact?.type === type).length;
  const counted = { completed: count("step.completed"), failed: count("step.failed"), skipped: count("step.skipped") };
  const sinks = plan?.sinks.map((step) => endOf(before, plan, step)).filter((fact) => fact?.type === "step.completed");
  const results = Object.fromEntries((sinks ?? []).map((fact) => [fact!.rest[0], fact!]));
  const decided = decidedBy(before, plan, end);
  return [
    ...(expected.includes(outcome) ? [] : [`ended ${outcome}, not ${expected.join(" or ")}`]),
    ...(outcome === decided ? [] : [`ended ${outcome}, and its facts say ${decided}`]),
    ...(through === before.at(-1)!.seq ? [] : [`through ${through} is not the fact before the end`]),
    ...(canonical(counts) === canonical(counted) ? [] : [`counted ${JSON.stringify(counts)}, not ${JSON.stringify(counted)}`]),
    ...(isEach(result ?? {}, results) ? [] : ["its result is not that of its last steps"]),
    ...(outcome !== "failed" || error || counted.failed > 0 ? [] : ["nothing explains its failure"]),
    ...(canonical(usageOf(before)) === canonical({ ...NOTHING, ...usage }) ? [] : ["its usage is not the sum of its steps'"]),
    ...after.filter(({ type }) => !LATE.test(type)).map(({ subject }) => `${subject}: after the end`),
  ];
}

/** The outcome that the first fact decides which leaves nothing else to do. */
function decidedBy(before: readonly Fact[], plan: AuditedPlan | undefined, end: Fact): Outcome | undefined {
  for (const [i, { type, rest, data }] of before.entries()) {
    const known = before.slice(0, i + 1);
    if (type === "plan.rejected" && data.final) return "rejected";
    if (type === "run.signal" && data.kind === "cancel") return "cancelled";
    if (type === "run.signal" && data.kind === "reject" && data.step === undefined) return "rejected";
    const failed = type === "step.failed" && plan && endOf(known, plan, rest[0]!) === before[i];
    if (failed && plan.policyOf(rest[0]!) === "fail") return "failed";
    const isInForce = known.some((fact) => fact.type === "plan.validated");
    const isCut = type === "step.skipped" && before[i]!.body.causationId === before[0]!.body.id;
    if (isCut || (isInForce && plan?.primitives.every((step) => endOf(known, plan, step)))) return isCut ? "expired" : "completed";
  }
  const deadlineNs = BigInt(Date.parse(before[0]!.data.deadline)) * 1_000_000n;
  return end.storedAtNs >= deadlineNs ? "expired" : undefined;
}

/** The first fact that ends a step for good. */
function endOf(facts: readonly Fact[], plan: AuditedPlan, step: string): Fact | undefined {
  const attempts = plan.steps.get(step)?.maxAttempts ?? 1;
  return facts.find(({ type, rest, data }) => {
    if (rest[0] !== step) return false;
    if (type === "step.failed") return !data.error.retryable || Number(rest[1]) >= attempts;
    return type === "step.completed" || type === "step.skipped";
  });
}

function planFor(facts: readonly Fact[], { body: { rev } }: Fact): AuditedPlan | undefined {
  const find = (type: string) => facts.find((fact) => fact.type === type && fact.body.rev === rev);
  const [decomposed, routed] = [find("plan.decomposed"), find("plan.routed")];
  return decomposed && routed && planOf(decomposed.data, routed.data);
}

/** Whether each output stands under its step, inline, or by the size and hash of the stored message that holds it. */
function isEach(given: Record<string, unknown>, facts: Record<string, Fact>): boolean {
  const names = Object.keys(facts);
  return names.length === Object.keys(given).length && names.every((name) => {
    const { subject, bytes, data } = facts[name]!;
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const reference = { $ref: subject, bytes: bytes.length, sha256 };
    return [data.output, reference].some((output) => canonical(output) === canonical(given[name]));
  });
}
