import {
  closureOf,
  cyclesIn,
  graphOf,
  precedes,
  predecessors,
  topologicalOrder,
  walkBack,
  type Closure,
  type Graph,
} from "./graph.ts";
import { levelsOf, linksOf, type DagStep, type Links, type ReferenceFinding } from "./links.ts";

/** What is wrong with the graph of a plan. `cycle` reads: each waits for the next, and the last for the first. */
export type DagFinding = ReferenceFinding | { code: "E_DAG_CYCLE"; step: string; cycle: string[] };

export type Dag = {
  findings: DagFinding[];
  /**
   * Every id once, each after its parent and what it depends on, ties in the order of the plan. What is on a cycle, or
   * behind one, comes last.
   */
  order: string[];
  /** The deepest level of the hierarchy; a step without a parent is on level 0. */
  depth: number;
  /** The longest chain of primitive steps, in edges: a plan of three in a row has 2. */
  longestPath: number;
  /** How many parents are above a step; 0 for an unknown id. */
  levelOf(id: string): number;
  /** The direct children of a compound step, in the order of the plan. */
  childrenOf(id: string): readonly string[];
  /**
   * The primitive steps that must be done before a step may start, in the order of the plan: what it and its parents
   * depend on, each compound step replaced by what completes it (its children, or for one without children what it
   * waits for itself). Steps that are only waited for through another one are not listed.
   */
  waitsFor(id: string): readonly string[];
  /** Whether `a` is always done before `b` starts. Says nothing about steps on a cycle or behind one. */
  isBefore(a: string, b: string): boolean;
  /** Whether two steps may be at work at the same time: neither comes before the other, and they are two. */
  areConcurrent(a: string, b: string): boolean;
};

/** Up to this many steps, the question what comes before what is answered from a table of at most 8 MiB. */
const MAX_TABLE_STEPS = 4096;

/**
 * The graph of a plan's steps. Never throws and never loops, whatever the steps refer to: of two steps with one id the
 * first counts, and a reference that leads nowhere is left out; both are among the findings. Linear in steps and
 * references; `isBefore` and what builds on it makes its table at the first question.
 *
 * A step is two nodes, its start and its end, because a compound step starts before its children and ends after them:
 * so every mixture of parents, children and dependencies that could never end is one cycle of this graph.
 */
export function dagOf(plan: readonly DagStep[]): Dag {
  const { steps, indexOf, links, findings } = linksOf(plan);
  const graph = edgesOf(steps, links);
  const sorted = topologicalOrder(graph);
  const levels = levelsOf(links);
  const memo = new Map<number, readonly string[]>();
  let closure: Closure | undefined;

  const waitsFor = (step: number): readonly string[] => {
    const known = memo.get(step);
    if (known !== undefined) return known;
    const found: number[] = [];
    walkBack(graph, startOf(step), (node) => {
      const isDonePrimitive = isEnd(node) && steps[stepOf(node)]!.kind === "primitive";
      if (isDonePrimitive) found.push(stepOf(node));
      return !isDonePrimitive;
    });
    const ids = found.toSorted((a, b) => a - b).map((i) => steps[i]!.id);
    memo.set(step, ids);
    return ids;
  };

  const isBefore = (a: number, b: number): boolean => {
    if (steps.length <= MAX_TABLE_STEPS) {
      closure ??= closureOf(graph, sorted);
      return precedes(closure, endOf(a), startOf(b));
    }
    return comesBefore(graph, endOf(a), startOf(b));
  };

  /** Asks about a step by its id; an id that is not in the plan gets the other answer. */
  const about = <T>(id: string, answer: (step: number) => T, otherwise: T): T => {
    const step = indexOf.get(id);
    return step === undefined ? otherwise : answer(step);
  };

  const dag: Dag = {
    findings: [...findings, ...cycleFindings(steps, cyclesIn(graph, sorted))],
    order: orderOf(steps, sorted),
    depth: levels.reduce((most, level) => Math.max(most, level), 0),
    longestPath: longestPathOf(steps, graph, sorted),
    levelOf: (id) => about(id, (step) => levels[step]!, 0),
    childrenOf: (id) => about(id, (step) => links.children[step]!.map((child) => steps[child]!.id), []),
    waitsFor: (id) => about(id, waitsFor, []),
    isBefore: (a, b) => about(a, (from) => about(b, (to) => isBefore(from, to), false), false),
    areConcurrent: (a, b) => a !== b && !dag.isBefore(a, b) && !dag.isBefore(b, a),
  };
  return dag;
}

const startOf = (step: number): number => 2 * step;
const endOf = (step: number): number => 2 * step + 1;
const stepOf = (node: number): number => node >>> 1;
const isEnd = (node: number): boolean => (node & 1) === 1;

function edgesOf(steps: readonly DagStep[], links: Links): Graph {
  const from: number[] = [];
  const to: number[] = [];
  const edge = (a: number, b: number): void => {
    from.push(a);
    to.push(b);
  };
  for (let i = 0; i < steps.length; i++) {
    for (const other of links.dependsOn[i]!) edge(endOf(other), startOf(i));
    const parent = links.parent[i]!;
    if (parent !== -1) {
      edge(startOf(parent), startOf(i));
      edge(endOf(i), endOf(parent));
    }
    // A compound step ends with its children; with none, at once.
    if (links.children[i]!.length === 0) edge(startOf(i), endOf(i));
  }
  return graphOf(2 * steps.length, from, to);
}

function cycleFindings(steps: readonly DagStep[], cycles: readonly number[][]): DagFinding[] {
  const paths = cycles.map((nodes) => stepsOf(nodes).map((step) => steps[step]!.id));
  // A circle of parents is two cycles of nodes, one of starts and one of ends.
  const distinct = new Map(paths.map((cycle) => [cycle.join(), cycle]));
  return [...distinct.values()].map((cycle) => ({ code: "E_DAG_CYCLE", step: cycle[0]!, cycle }));
}

/** The steps that a cycle of nodes passes, the one that stands first in the plan first. */
function stepsOf(nodes: readonly number[]): number[] {
  const passed = nodes.map(stepOf).filter((step, i, all) => step !== all[(i + 1) % all.length]);
  const path = passed.length === 0 ? [stepOf(nodes[0]!)] : passed;
  const first = path.indexOf(path.reduce((least, step) => Math.min(least, step)));
  return [...path.slice(first), ...path.slice(0, first)];
}

function orderOf(steps: readonly DagStep[], sorted: Int32Array): string[] {
  const order = new Set<string>();
  for (const node of sorted) if (!isEnd(node)) order.add(steps[stepOf(node)]!.id);
  for (const step of steps) order.add(step.id);
  return [...order];
}

function longestPathOf(steps: readonly DagStep[], graph: Graph, sorted: Int32Array): number {
  const done = new Int32Array(graph.size);
  let most = 0;
  for (const node of sorted) {
    for (const before of predecessors(graph, node)) done[node] = Math.max(done[node]!, done[before]!);
    if (isEnd(node) && steps[stepOf(node)]!.kind === "primitive") done[node]!++;
    most = Math.max(most, done[node]!);
  }
  return Math.max(0, most - 1);
}

function comesBefore(graph: Graph, from: number, to: number): boolean {
  let isFound = false;
  walkBack(graph, to, (node) => {
    isFound ||= node === from;
    return !isFound;
  });
  return isFound;
}
