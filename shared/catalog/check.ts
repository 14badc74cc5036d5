import type { z } from "zod";
import type { agentsFile } from "../domain/agents.ts";
import { dagOf, type DagFinding } from "../domain/dag.ts";
import { subtasksOf, type Method, type methodsFile } from "../domain/methods.ts";
import { taskTypesOf, type rulesFile } from "../domain/rules.ts";
import type { Checked, Path, Problem } from "./yaml-file.ts";

/** The three files of one catalogue, each of the right shape. */
export type CatalogFiles = {
  name: string;
  agents: Checked<z.infer<typeof agentsFile>>;
  rules: Checked<z.infer<typeof rulesFile>>;
  methods: Checked<z.infer<typeof methodsFile>>;
};

/** What is wrong between the entries of catalogues that are each well formed: names that come twice or lead nowhere. */
export function checkTogether(parts: readonly CatalogFiles[]): Problem[] {
  return [
    ...doubles(parts.flatMap((part) => placed(part.agents, "agents", part.agents.value.agents, "name"))),
    ...doubles(parts.flatMap((part) => placed(part.rules, "rules", part.rules.value.rules, "id"))),
    ...doubles(parts.flatMap((part) => placed(part.methods, "methods", part.methods.value.methods, "id"))),
    ...parts.flatMap((part) => ruleProblems(part, parts)),
    ...methodProblems(parts),
  ];
}

type Placed = { name: string; file: string; line: number };

function placed<T>(
  checked: Checked<unknown>,
  list: string,
  entries: readonly T[],
  key: keyof T & string,
): Placed[] {
  return entries.map((entry, i) => ({
    name: String(entry[key]),
    file: checked.file,
    line: checked.lineOf([list, i, key]),
  }));
}

function doubles(all: readonly Placed[]): Problem[] {
  const first = new Map<string, Placed>();
  return all.flatMap((entry) => {
    const { name, file, line } = entry;
    const other = first.get(name);
    if (!other) first.set(name, entry);
    return other ? [{ file, line, reason: `${name} is already in ${other.file}:${other.line}` }] : [];
  });
}

function ruleProblems({ rules }: CatalogFiles, parts: readonly CatalogFiles[]): Problem[] {
  const cards = new Map(parts.flatMap((part) => part.agents.value.agents).map((card) => [card.name, card]));
  return rules.value.rules.flatMap((rule, i) => {
    const problem = (path: Path, reason: string): Problem => ({
      file: rules.file,
      line: rules.lineOf(["rules", i, ...path]),
      reason: `${rule.id}: ${reason}`,
    });
    const card = cards.get(rule.agent);
    if (!card) return [problem(["agent"], `there is no agent ${rule.agent}`)];
    const foreign = taskTypesOf(rule).filter((type) => !card.taskTypes.includes(type));
    return foreign.map((type) => problem(["when", "taskType"], `${rule.agent} does not take ${type}`));
  });
}

function methodProblems(parts: readonly CatalogFiles[]): Problem[] {
  const methods = parts.flatMap((part) => part.methods.value.methods);
  const taken = new Set(parts.flatMap((part) => part.agents.value.agents).flatMap((card) => card.taskTypes));
  const ending = typesThatEnd(methods, taken);
  return parts.flatMap(({ methods: { file, value, lineOf } }) =>
    value.methods.flatMap((method, i) => {
      const list = method.ordered ? "ordered" : "parallel";
      const findings = [...graphFindings(method), ...deadEnds(method, methods, ending)];
      return findings.map(({ at, field, reason }) => ({
        file,
        line: lineOf(["methods", i, list, at, field]),
        reason: `${method.id}: ${reason}`,
      }));
    }),
  );
}

/** What is wrong with a method: at which of its subtasks, and in which field. */
type MethodFinding = { at: number; field: string; reason: string };

function graphFindings(method: Method): MethodFinding[] {
  const subtasks = subtasksOf(method);
  const { findings } = dagOf(subtasks.map(({ id, after }) => ({ id, kind: "primitive", dependsOn: after })));
  return findings.map((finding) => ({
    // Of two with one id the second is the one too many.
    at: subtasks.findLastIndex(({ id }) => id === finding.step),
    field: finding.code === "E_DAG_REF" ? "after" : "id",
    reason: wordsOf(finding),
  }));
}

function deadEnds(method: Method, methods: readonly Method[], ending: ReadonlySet<string>): MethodFinding[] {
  return subtasksOf(method).flatMap(({ task }, at) => {
    if (ending.has(task)) return [];
    const reason = methods.some((other) => other.task === task)
      ? `no method for ${task} ends in steps that agents take`
      : `no agent takes ${task}, and no method decomposes it`;
    return [{ at, field: "task", reason }];
  });
}

/** The task types that end in steps of agents: an agent takes them, or some method decomposes them into such types. */
function typesThatEnd(methods: readonly Method[], taken: ReadonlySet<string>): Set<string> {
  const types = new Set(taken);
  for (let before = -1; before !== types.size;) {
    before = types.size;
    for (const method of methods)
      if (subtasksOf(method).every(({ task }) => types.has(task))) types.add(method.task);
  }
  return types;
}

function wordsOf(finding: DagFinding): string {
  switch (finding.code) {
    case "E_DAG_DUP":
      return `two subtasks have the id ${finding.step}`;
    case "E_DAG_REF":
      return `${finding.step} is after ${finding.refersTo}, which is not here`;
    case "E_DAG_CYCLE":
      return `subtasks wait for each other: ${[...finding.cycle, finding.cycle[0]].join(" after ")}`;
  }
}
