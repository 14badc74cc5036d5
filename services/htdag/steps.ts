import { sha256 } from "../../shared/contract/plan-hash.ts";
import type { Step } from "../../shared/contract/plan.ts";
import { dagOf } from "../../shared/domain/dag.ts";
import type { Branch } from "./expand.ts";

/** What the step ids of a run stand for: kept over its revisions, because an id must never get another meaning. */
export type Meanings = Map<string, string>;

/**
 * The steps of a plan, each parent before its children. A step depends on its siblings as its method says; a primitive one
 * also names the primitive steps that it waits for by way of compound ones, so that it gets to see their results.
 */
export function stepsOf(branches: readonly Branch[], meanings: Meanings): Step[] {
  const steps: Step[] = [];
  addSteps(steps, branches, { path: [], level: 0, meanings });
  const dag = dagOf(steps);
  return steps.map((step) => {
    if (step.kind === "compound") return step;
    return { ...step, dependsOn: [...new Set([...step.dependsOn, ...dag.waitsFor(step.id)])] };
  });
}

type Place = { parent?: string; path: readonly string[]; level: number; meanings: Meanings };

function addSteps(steps: Step[], branches: readonly Branch[], place: Place): void {
  const { parent, path, level, meanings } = place;
  const ids = new Map(branches.map((branch) => [branch.subtask.id, idOf(branch, path, meanings)]));
  for (const { subtask, input, children, method } of branches) {
    const { id: local, task, title, after, skills, timeoutMs, maxAttempts, onFailure } = subtask;
    const id = ids.get(local)!;
    steps.push({
      id,
      kind: method ? "compound" : "primitive",
      ...(parent !== undefined && { parent }),
      level,
      taskType: task,
      title,
      dependsOn: after.map((other) => ids.get(other)!),
      ...(input && { input }),
      ...(skills && { skills }),
      timeoutMs,
      maxAttempts,
      onFailure,
    });
    addSteps(steps, children, { parent: id, path: [...path, local], level: level + 1, meanings });
  }
}

/** The id of a step: its path of local ids, with a number behind it when another revision uses that for something else. */
function idOf({ subtask, method }: Branch, above: readonly string[], meanings: Meanings): string {
  const meaning = JSON.stringify([method !== undefined, subtask.task, subtask.title]);
  const path = shortened([...above, subtask.id].join("-"));
  for (let n = 1; ; n++) {
    const id = n === 1 ? path : `${path}-${n}`;
    const known = meanings.get(id);
    if (known !== undefined && known !== meaning) continue;
    meanings.set(id, meaning);
    return id;
  }
}

/** An id has 64 characters at most; this many leave room for the number of a revision. */
const MAX_PATH = 60;
const HASH_DIGITS = 12;

function shortened(path: string): string {
  if (path.length <= MAX_PATH) return path;
  return `${path.slice(0, MAX_PATH - HASH_DIGITS - 1)}-${sha256(path).slice(0, HASH_DIGITS)}`;
}
