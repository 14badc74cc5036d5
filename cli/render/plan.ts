import type { Check, Decision, Step } from "../../shared/contract/plan.ts";
import type { OfflinePlan } from "../offline-plan.ts";
import type { Paint } from "./paint.ts";
import { inColumns } from "./table.ts";
import { oneLine, shorten } from "./text.ts";
import { drawTree } from "./tree.ts";

const TITLE_WIDTH = 60;
const TEXT_WIDTH = 200;
const MAX_FINDINGS = 20;

/** A plan that was made and judged offline: its tree with who would do what, the checks, and the verdict. */
export function planLines(plan: OfflinePlan, paint: Paint): string[] {
  const { planner, because } = plan.decomposed;
  const by = [planner.kind, planner.methods?.join(" > ")].filter(Boolean).join(" ");
  return [
    `${paint.dim("planned by")} ${shorten(by, TEXT_WIDTH)}${because === undefined ? "" : `: ${shorten(because, TEXT_WIDTH)}`}`,
    "",
    ...stepLines(plan, paint),
    "",
    ...checkLines(plan.verdict.checks, paint),
    "",
    verdictText(plan, paint),
  ];
}

function stepLines({ decomposed, routed }: OfflinePlan, paint: Paint): string[] {
  const { steps } = decomposed;
  const assigned = new Map(routed.assignments.map((assignment) => [assignment.step, assignment]));
  const unrouted = new Map(routed.unrouted.map(({ step, reason }) => [step, reason]));
  const ids = new Set(steps.map(({ id }) => id));
  const childrenOf = Map.groupBy(steps, ({ parent }) => parent);
  const roots = steps.filter(({ parent }) => parent === undefined || !ids.has(parent));
  const tree = drawTree(roots, ({ id }) => childrenOf.get(id) ?? []);
  return inColumns(
    tree.map(({ branches, node }) => {
      const { agent, decision } = assigned.get(node.id) ?? {};
      const reason = unrouted.get(node.id);
      return [
        `${paint.dim(branches)}${node.id}`,
        shorten(node.title, TITLE_WIDTH),
        afterText(node, paint),
        agent === undefined ? "" : paint.green(agent),
        reason === undefined
          ? basisText(decision, paint)
          : paint.red(`nobody: ${shorten(reason, TITLE_WIDTH)}`),
      ];
    }),
  );
}

function afterText({ dependsOn }: Step, paint: Paint): string {
  return dependsOn.length === 0 ? "" : paint.dim(`after ${shorten(dependsOn.join(", "), TITLE_WIDTH)}`);
}

function basisText(decision: Decision | undefined, paint: Paint): string {
  if (decision === undefined) return "";
  if (decision.rule !== undefined) return paint.dim(`rule ${decision.rule}`);
  return paint.dim(
    decision.method === "capability" ? "capability" : shorten(decision.explanation, TITLE_WIDTH),
  );
}

function checkLines(checks: readonly Check[], paint: Paint): string[] {
  return checks.flatMap(({ check, passed, score, findings }) => {
    const sign = passed ? paint.green("✔") : paint.red("✖");
    const shown = findings.slice(0, MAX_FINDINGS).map(({ code, step, message, suggestion }) => {
      const where = step === undefined ? "" : `${oneLine(step)}: `;
      const advice = suggestion === undefined ? "" : ` ${paint.dim(`→ ${shorten(suggestion, TEXT_WIDTH)}`)}`;
      return `    ${paint.red(oneLine(code))} ${where}${shorten(message, TEXT_WIDTH)}${advice}`;
    });
    const more = findings.length - shown.length;
    return [
      `${sign} ${oneLine(check)} ${score.toFixed(2)}`,
      ...shown,
      ...(more > 0 ? [`    and ${more} more`] : []),
    ];
  });
}

function verdictText({ verdict, passed }: OfflinePlan, paint: Paint): string {
  const word = passed ? paint.green("passed") : paint.red("rejected");
  const parts = Object.entries(verdict.parts).map(([name, value]) => `${oneLine(name)} ${value.toFixed(2)}`);
  return `${word} with ${verdict.score.toFixed(2)} by ${oneLine(verdict.profile)} ${paint.dim(`(${parts.join(", ")})`)}`;
}
