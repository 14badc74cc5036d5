import type { ErrorShape } from "../../shared/contract/errors.ts";
import { named } from "../made.ts";
import type { RevisionView, RunView } from "../run-view.ts";
import type { StepView } from "../step-view.ts";
import { fileOf, outputText } from "./agent-output.ts";
import { runWord, stepSymbol, stepWord, type Paint } from "./paint.ts";
import { inColumns } from "./table.ts";
import { oneLine, shorten } from "./text.ts";
import { duration } from "./time.ts";
import { drawTree } from "./tree.ts";

const GOAL_WIDTH = 200;
const RESULT_WIDTH = 60;
const FINAL_RESULT_WIDTH = 160;
const TEXT_WIDTH = 160;
/** A rejected plan can have a finding per step; the first ones tell what is wrong. */
const MAX_FINDINGS = 10;

/** A run as text: what was asked, how it stands, its plans, the tree of its steps, and how it ended. */
export function runLines(view: RunView, paint: Paint): string[] {
  return [
    ...headLines(view, paint),
    ...(view.steps.length > 0 ? ["", ...stepLines(view.steps, paint)] : []),
    ...endLines(view, paint),
  ];
}

function headLines(view: RunView, paint: Paint): string[] {
  const word = view.outcome ?? view.state;
  const since = view.state === "finished" ? "after" : "for";
  const type = view.taskType === undefined ? "" : `, task type ${oneLine(view.taskType)}`;
  const newest = view.revisions.toReversed();
  return [
    ...inColumns([
      [paint.dim("run"), view.run],
      [paint.dim("goal"), shorten(view.goal, GOAL_WIDTH)],
      [paint.dim("state"), `${runWord(word, paint)} ${since} ${duration(view.durationMs)}`],
      [
        paint.dim("task"),
        `${view.priority} priority${type}, submitted ${view.submittedAt}, due ${view.deadline}`,
      ],
      [
        paint.dim("trace"),
        `${view.traceId ?? "none"}, correlation id ${shorten(view.correlationId, TEXT_WIDTH)}`,
      ],
      ...newest.map((revision, i) => [paint.dim(i === 0 ? "plan" : ""), revisionText(revision, paint)]),
    ]),
    ...newest.flatMap((revision) => findingLines(revision, paint)),
  ];
}

function revisionText({ rev, planner, verdict, ...judged }: RevisionView, paint: Paint): string {
  const by = [planner.kind, planner.methods?.join(" > ") ?? planner.model ?? ""].filter(Boolean).join(" ");
  const made = `revision ${rev}, planned by ${shorten(by, TEXT_WIDTH)}`;
  if (verdict === "pending") return `${made}, ${paint.cyan("not judged yet")}`;
  const others = Object.entries(judged.parts ?? {}).filter(
    ([name]) => name.endsWith("-v1") && name !== judged.profile,
  );
  const scores = [[judged.profile ?? "", judged.score ?? 0] as const, ...others];
  const scored = scores.map(([name, score]) => `${oneLine(name)} ${score.toFixed(2)}`).join(", ");
  const word = verdict === "passed" ? paint.green(verdict) : paint.red(verdict);
  return `${made}, ${word} (${scored})`;
}

function findingLines({ rev, verdict, findings }: RevisionView, paint: Paint): string[] {
  if (verdict !== "rejected") return [];
  const shown = findings.slice(0, MAX_FINDINGS).map(({ check, code, step, message, suggestion }) => {
    const advice = suggestion === undefined ? "" : ` ${paint.dim(`→ ${shorten(suggestion, TEXT_WIDTH)}`)}`;
    const where = step === undefined ? "" : `${oneLine(step)}: `;
    return `  ${paint.red(oneLine(code))} ${oneLine(check)}: ${where}${shorten(message, TEXT_WIDTH)}${advice}`;
  });
  const more = findings.length - shown.length;
  return ["", `revision ${rev} was rejected`, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])];
}

function stepLines(steps: readonly StepView[], paint: Paint): string[] {
  const ids = new Set(steps.map((step) => step.id));
  const isRoot = (step: StepView): boolean => step.parent === undefined || !ids.has(step.parent);
  const childrenOf = Map.groupBy(steps, (step) => step.parent);
  const tree = drawTree(steps.filter(isRoot), (step) => childrenOf.get(step.id) ?? []);
  return inColumns(
    tree.map(({ branches, node }) => [
      `${paint.dim(branches)}${stepSymbol(node.state, paint)} ${node.id}`,
      stepWord(node.state, paint),
      agentText(node, paint),
      node.durationMs === undefined ? "" : duration(node.durationMs),
      attemptText(node),
      noteOf(node, paint),
    ]),
  );
}

function agentText({ agent, made }: StepView, paint: Paint): string {
  if (agent === undefined) return "";
  return made === undefined ? agent : `${agent} ${paint.dim(`(${made})`)}`;
}

/** Which attempt it is, and by what the earlier ones failed. */
function attemptText({ attempts, maxAttempts }: StepView): string {
  if (attempts.length < 2) return "";
  const codes = attempts.slice(0, -1).flatMap(({ error }) => (error ? oneLine(error.code) : []));
  const after = codes.length === 0 ? "" : ` after ${codes.join(", ")}`;
  return `attempt ${attempts.length} of ${maxAttempts}${after}`;
}

function noteOf(step: StepView, paint: Paint): string {
  if (step.untaken) return paint.yellow("dispatched, nobody has taken it");
  if (step.error) return paint.red(errorText(step.error));
  if (step.reason !== undefined) return paint.dim(shorten(step.reason, RESULT_WIDTH));
  if (step.output !== undefined) return outputText(step.output, RESULT_WIDTH);
  return paint.dim(shorten(step.title, RESULT_WIDTH));
}

function endLines({ error, result, counts, usage, calledOff, steps }: RunView, paint: Paint): string[] {
  const madeOf = new Map(steps.map(({ id, made }) => [id, made]));
  const tokens = (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
  const cost = usage.costMicroUsd ?? 0;
  const spent = [
    ...(tokens > 0 ? [`${tokens} tokens`] : []),
    ...(cost > 0 ? [`$${(cost / 1e6).toFixed(4)}`] : []),
  ];
  const lines = [
    ...(calledOff ? [`${paint.dim("ended")}   ${calledOffText(calledOff)}`] : []),
    ...(error ? [`${paint.dim("error")}   ${paint.red(errorText(error))}`] : []),
    ...(counts
      ? [
          `${paint.dim("steps")}   ${counts.completed} completed, ${counts.failed} failed, ${counts.skipped} skipped${othersText(steps)}`,
        ]
      : []),
    ...(spent.length > 0 ? [`${paint.dim("spent")}   ${spent.join(", ")}`] : []),
    ...Object.entries(result ?? {}).map(([step, output]) => {
      const text = outputText(output, FINAL_RESULT_WIDTH);
      const hint = text.endsWith("…") ? paint.dim(" (--json has all)") : "";
      return `${paint.dim("result")}  ${named(oneLine(step), madeOf.get(step))}: ${text}${hint}`;
    }),
    ...fileLines({ result }, paint),
  ];
  return lines.length > 0 ? ["", ...lines] : [];
}

function calledOffText({ by, reason }: NonNullable<RunView["calledOff"]>): string {
  const why = reason === undefined ? "" : `: ${shorten(reason, TEXT_WIDTH)}`;
  return `by ${shorten(by, TEXT_WIDTH)}${why}`;
}

/** The steps that the counts of the run's end leave out, so that all of them add up. */
function othersText(steps: readonly StepView[]): string {
  const count = (...states: StepView["state"][]): number =>
    steps.filter(({ kind, state }) => kind === "primitive" && states.includes(state)).length;
  const abandoned = count("abandoned");
  const notRun = count("unstarted", "rejected");
  return `${abandoned > 0 ? `, ${abandoned} abandoned` : ""}${notRun > 0 ? `, ${notRun} not run` : ""}`;
}

/** The files that the agents say they have written. */
export function fileLines({ result }: { result?: RunView["result"] | undefined }, paint: Paint): string[] {
  const paths = Object.values(result ?? {}).flatMap((output) => fileOf(output) ?? []);
  return paths.map((path) => `${paint.dim("file")}    ${oneLine(path)}`);
}

/** An error of the contract on one line. */
export function errorText({ code, message, details }: ErrorShape): string {
  const where = details.map(({ path, rule }) => [path, rule].filter(Boolean).join(": ")).join("; ");
  return shorten([code, message, where && `(${where})`].filter(Boolean).join(" "), TEXT_WIDTH);
}
