import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { dagOf, type Dag } from "./dag.ts";
import type { DagStep } from "./links.ts";

/** Plans of up to 12 steps with references in every direction, to nowhere and to themselves, and ids that come twice. */
const anyPlan = fc.array(
  fc.record(
    {
      id: fc.integer({ min: 0, max: 11 }).map(String),
      kind: fc.constantFrom("primitive" as const, "compound" as const),
      parent: fc.integer({ min: 0, max: 12 }).map(String),
      dependsOn: fc.array(fc.integer({ min: 0, max: 12 }).map(String), { maxLength: 2 }),
    },
    { requiredKeys: ["id", "kind", "dependsOn"] },
  ),
  { maxLength: 12 },
) as fc.Arbitrary<DagStep[]>;

/**
 * The oracle: it does the plan instead of looking at it, by the contract's sentences alone. A step may start when what it
 * depends on is done and its parent has started; a primitive step is done once started, unless it is held up; a compound
 * one when all its children are. Each round lets everything go that may. `rounds` are the primitive steps in the rounds that they ran in.
 */
function play(plan: readonly DagStep[], heldUp?: string) {
  const steps = plan.filter((s, i) => plan.findIndex((other) => other.id === s.id) === i);
  const byId = new Map(steps.map((s) => [s.id, s]));
  const parentOf = (s: DagStep): DagStep | undefined => {
    const parent = byId.get(s.parent ?? "");
    return parent?.kind === "compound" ? parent : undefined;
  };
  const started = new Set<string>();
  const done = new Set<string>();
  const settle = (): void => {
    for (let before = -1; before !== started.size + done.size;) {
      before = started.size + done.size;
      for (const s of steps) {
        const parent = parentOf(s);
        const mayStart =
          s.dependsOn.every((d) => !byId.has(d) || done.has(d)) && (!parent || started.has(parent.id));
        if (mayStart) started.add(s.id);
        const children = steps.filter((other) => parentOf(other) === s);
        const isOver = s.kind === "compound" && started.has(s.id) && children.every((c) => done.has(c.id));
        if (isOver && s.id !== heldUp) done.add(s.id);
      }
    }
  };
  const rounds: string[][] = [];
  for (;;) {
    settle();
    const running = steps.filter(
      (s) => s.kind === "primitive" && started.has(s.id) && !done.has(s.id) && s.id !== heldUp,
    );
    if (running.length === 0) break;
    rounds.push(running.map((s) => s.id));
    for (const s of running) done.add(s.id);
  }
  return { rounds, started, done };
}

const hasCycle = (dag: Dag): boolean => dag.findings.some((finding) => finding.code === "E_DAG_CYCLE");

test("50,000 random graphs: a cycle is found exactly where doing the plan gets stuck", () => {
  let stuck = 0;
  fc.assert(
    fc.property(anyPlan, (plan) => {
      const dag = dagOf(plan);
      const ids = new Set(plan.map((s) => s.id));
      const isStuck = play(plan).done.size < ids.size;
      assert.equal(hasCycle(dag), isStuck);
      assert.deepEqual(dag.order.toSorted(), [...ids].toSorted());
      if (isStuck) stuck++;
    }),
    { numRuns: 50_000 },
  );
  assert.ok(stuck > 5_000 && stuck < 45_000, `${stuck} of 50,000 with a cycle`);
});

test("the steps of every cycle that is found really wait for each other", () => {
  fc.assert(
    fc.property(anyPlan, (plan) => {
      for (const finding of dagOf(plan).findings) {
        if (finding.code !== "E_DAG_CYCLE") continue;
        const members = new Set(finding.cycle);
        const { done } = play(plan);
        assert.equal(members.size > 0 && finding.cycle.every((id) => !done.has(id)), true);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("what comes before what, what is waited for, and the longest path are what doing the plan shows", () => {
  fc.assert(
    fc.property(anyPlan, (plan) => {
      const dag = dagOf(plan);
      fc.pre(!hasCycle(dag));
      const { rounds } = play(plan);
      const roundOf = new Map(rounds.flatMap((ids, round) => ids.map((id) => [id, round] as const)));
      assert.equal(dag.longestPath, Math.max(0, rounds.length - 1));
      for (const a of dag.order) {
        const { started } = play(plan, a);
        for (const b of dag.order) assert.equal(dag.isBefore(a, b), !started.has(b) && a !== b, `${a} ${b}`);
        for (const b of dag.order.slice(0, dag.order.indexOf(a))) assert.ok(!dag.isBefore(a, b));
        const waits = dag.waitsFor(a);
        const last = Math.max(-1, ...waits.map((w) => roundOf.get(w)!));
        if (roundOf.has(a)) assert.equal(roundOf.get(a), last + 1);
        const primitivesBefore = (id: string) =>
          dag.order.filter((other) => roundOf.has(other) && dag.isBefore(other, id));
        const before = new Set(waits.flatMap((w) => [w, ...primitivesBefore(w)]));
        assert.deepEqual([...before].toSorted(), primitivesBefore(a).toSorted());
      }
    }),
    { numRuns: 2_000 },
  );
});

/** How long something took, in milliseconds, at best of three: other work on the machine must not fail a test. */
function bestMs(work: () => void): number {
  const times = [1, 2, 3].map(() => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
  return Math.min(...times);
}

const primitive = (id: string, dependsOn: string[]): DagStep => ({ id, kind: "primitive", dependsOn });

/** A plan of primitive steps `s0`, `s1`…, each depending on the steps of the given numbers. */
const numbered = (size: number, refers: (i: number) => number[]): DagStep[] =>
  Array.from({ length: size }, (_, i) =>
    primitive(
      `s${i}`,
      refers(i).map((other) => `s${other}`),
    ),
  );

const upTo = (length: number): number[] => [...Array(length).keys()];

test("500 steps in full layers of 25, with all the questions that can be asked about them, take a moment", () => {
  const plan = numbered(500, (i) => (i < 25 ? [] : upTo(25).map((k) => i - (i % 25) - 25 + k)));
  const ms = bestMs(() => {
    const dag = dagOf(plan);
    for (const a of plan) {
      dag.waitsFor(a.id);
      for (const b of plan) dag.areConcurrent(a.id, b.id);
    }
  });
  assert.equal(dagOf(plan).longestPath, 19);
  assert.ok(ms < 6_000, `${ms} ms`);
});

test("100,000 steps with 1,000,000 references neither overflow nor burn", () => {
  const size = 100_000;
  const back = (i: number): number[] => (i < 10 ? [] : upTo(10).map((k) => i - 1 - k));
  const shapes = {
    chain: numbered(size, back),
    circle: numbered(size, (i) => (i === 10 ? [size - 1] : back(i))),
    heap: numbered(size, (i) => upTo(10).map((k) => (i * 7919 + k * 104_729) % size)),
    loops: numbered(size, (i) => [i]),
    nested: upTo(size).map((i) => ({
      id: `s${i}`,
      kind: "compound" as const,
      dependsOn: [],
      ...(i > 0 && { parent: `s${i - 1}` }),
    })),
  };
  assert.equal(dagOf(shapes.chain).longestPath, size - 10);
  assert.equal(dagOf(shapes.circle).findings.length, 1);
  assert.equal(dagOf(shapes.loops).findings.length, size);
  assert.equal(dagOf(shapes.nested).depth, size - 1);
  const ms = bestMs(() => assert.ok(hasCycle(dagOf(shapes.heap))));
  // What grows with the square of the steps would take minutes; a busy machine only takes its time.
  assert.ok(ms < 30_000, `${ms} ms`);
});
