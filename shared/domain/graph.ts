/**
 * Directed graphs of whole numbers, in typed arrays: everything here is iterative and linear in nodes and edges (but the
 * closure, which says so), so no graph from outside can overflow the stack or burn the processor.
 */
export type Graph = {
  size: number;
  /** Where the predecessors of node n begin in `before`; those of n + 1 begin where they end. */
  beforeAt: Int32Array;
  before: Int32Array;
  afterAt: Int32Array;
  after: Int32Array;
};

/** The graph with an edge from `from[i]` to `to[i]` for every i. Double edges and loops are kept. */
export function graphOf(size: number, from: readonly number[], to: readonly number[]): Graph {
  const [beforeAt, before] = grouped(size, to, from);
  const [afterAt, after] = grouped(size, from, to);
  return { size, beforeAt, before, afterAt, after };
}

/** The values that stand beside each key, key by key, in the order given: compressed sparse rows. */
function grouped(size: number, keys: readonly number[], values: readonly number[]): [Int32Array, Int32Array] {
  const at = new Int32Array(size + 1);
  for (const key of keys) at[key + 1]!++;
  for (let n = 0; n < size; n++) at[n + 1]! += at[n]!;
  const next = at.slice(0, size);
  const grid = new Int32Array(keys.length);
  for (let i = 0; i < keys.length; i++) grid[next[keys[i]!]!++] = values[i]!;
  return [at, grid];
}

/** The nodes from which an edge leads to this one. */
export function predecessors(graph: Graph, node: number): Int32Array {
  return graph.before.subarray(graph.beforeAt[node], graph.beforeAt[node + 1]);
}

/** The nodes to which an edge leads from this one. */
export function successors(graph: Graph, node: number): Int32Array {
  return graph.after.subarray(graph.afterAt[node], graph.afterAt[node + 1]);
}

/**
 * The nodes in topological order (Kahn 1962, first in, first out, so the order depends on the graph alone). Nodes on a
 * cycle, and whatever comes after one, are missing.
 */
export function topologicalOrder(graph: Graph): Int32Array {
  const waiting = new Int32Array(graph.size);
  const queue = new Int32Array(graph.size);
  let queued = 0;
  for (let node = 0; node < graph.size; node++) {
    waiting[node] = predecessors(graph, node).length;
    if (waiting[node] === 0) queue[queued++] = node;
  }
  for (let i = 0; i < queued; i++) {
    for (const next of successors(graph, queue[i]!)) if (--waiting[next]! === 0) queue[queued++] = next;
  }
  return queue.subarray(0, queued);
}

const UNSEEN = -1;

/**
 * Cycles that share no node, at least one whenever the graph has any: each as its nodes, every one followed by one of its
 * predecessors. Breaking them may show more. @param sorted what `topologicalOrder` gave
 */
export function cyclesIn(graph: Graph, sorted: Int32Array): number[][] {
  const isSorted = new Uint8Array(graph.size);
  for (const node of sorted) isSorted[node] = 1;
  const cycles: number[][] = [];
  const walkOf = new Int32Array(graph.size).fill(UNSEEN);
  for (let start = 0; start < graph.size; start++) {
    if (isSorted[start]) continue;
    // A node that was not sorted has a predecessor that was not either, so the walk only ends where one was before.
    const path: number[] = [];
    let node = start;
    while (walkOf[node] === UNSEEN) {
      walkOf[node] = start;
      path.push(node);
      node = predecessors(graph, node).find((before) => !isSorted[before])!;
    }
    if (walkOf[node] === start) cycles.push(path.slice(path.indexOf(node)));
  }
  return cycles;
}

/** Visits every node from which a path leads to `node`, each once. `goOn` says whether to look behind the node just visited. */
export function walkBack(graph: Graph, node: number, goOn: (visited: number) => boolean): void {
  const seen = new Set<number>();
  const stack = [node];
  for (let from = stack.pop(); from !== undefined; from = stack.pop()) {
    for (const before of predecessors(graph, from)) {
      if (seen.has(before)) continue;
      seen.add(before);
      if (goOn(before)) stack.push(before);
    }
  }
}

/** Which nodes come before which: one row of bits per node, `words` 32-bit words long. */
export type Closure = { words: number; rows: Uint32Array };

/** The transitive closure over the sorted nodes. Takes size² / 8 bytes: for plans within the limits, not for any graph. */
export function closureOf(graph: Graph, sorted: Int32Array): Closure {
  const words = Math.ceil(graph.size / 32);
  const rows = new Uint32Array(graph.size * words);
  for (const node of sorted) {
    const row = node * words;
    for (const before of predecessors(graph, node)) {
      for (let w = 0; w < words; w++) rows[row + w]! |= rows[before * words + w]!;
      rows[row + (before >>> 5)]! |= 1 << (before & 31);
    }
  }
  return { words, rows };
}

/** Whether a path leads from one node to another. */
export function precedes(closure: Closure, from: number, to: number): boolean {
  return (closure.rows[to * closure.words + (from >>> 5)]! & (1 << (from & 31))) !== 0;
}
