import assert from "node:assert/strict";
import { test } from "node:test";
import { dagOf } from "./dag.ts";
import type { DagStep } from "./links.ts";

const step = (id: string, dependsOn: string[] = [], parent?: string): DagStep => ({
  id,
  kind: "primitive",
  dependsOn,
  ...(parent !== undefined && { parent }),
});
const compound = (id: string, dependsOn: string[] = [], parent?: string): DagStep => ({
  ...step(id, dependsOn, parent),
  kind: "compound",
});

test("a chain has an order, a longest path, and nothing to find", () => {
  const dag = dagOf([step("deploy", ["test"]), step("test", ["build"]), step("build")]);
  assert.deepEqual(dag.findings, []);
  assert.deepEqual(dag.order, ["build", "test", "deploy"]);
  assert.equal(dag.longestPath, 2);
  assert.equal(dag.depth, 0);
  assert.deepEqual(dag.waitsFor("deploy"), ["test"]);
  assert.ok(dag.isBefore("build", "deploy") && !dag.isBefore("deploy", "build"));
});

test("an empty plan is a graph", () => {
  const dag = dagOf([]);
  assert.deepEqual([dag.findings, dag.order, dag.longestPath, dag.depth], [[], [], 0, 0]);
});

test("a compound step is done when its children are, and they wait for what it depends on", () => {
  const dag = dagOf([
    step("design"),
    compound("build", ["design"]),
    step("code", [], "build"),
    step("test", ["code"], "build"),
    step("deploy", ["build"]),
  ]);
  assert.deepEqual(dag.findings, []);
  assert.deepEqual(dag.order, ["design", "build", "code", "test", "deploy"]);
  assert.deepEqual(dag.childrenOf("build"), ["code", "test"]);
  assert.deepEqual(dag.waitsFor("code"), ["design"]);
  assert.deepEqual(dag.waitsFor("test"), ["design", "code"]);
  assert.deepEqual(dag.waitsFor("deploy"), ["code", "test"]);
  assert.deepEqual(dag.waitsFor("build"), ["design"]);
  assert.deepEqual([dag.levelOf("build"), dag.levelOf("code"), dag.depth], [0, 1, 1]);
  assert.equal(dag.longestPath, 3);
  assert.ok(dag.isBefore("build", "deploy"));
});

test("a compound step without children lets what it depends on through", () => {
  const dag = dagOf([step("a"), compound("nothing", ["a"]), step("b", ["nothing"])]);
  assert.deepEqual(dag.waitsFor("b"), ["a"]);
});

test("two branches are concurrent, a step and what it waits for are not, nor is a step with itself", () => {
  const dag = dagOf([step("a"), step("b", ["a"]), step("c", ["a"])]);
  assert.ok(dag.areConcurrent("b", "c"));
  assert.ok(!dag.areConcurrent("a", "c"));
  assert.ok(!dag.areConcurrent("c", "a"));
  assert.ok(!dag.areConcurrent("b", "b"));
});

test("an id that is not in the plan has no answers", () => {
  const dag = dagOf([step("a")]);
  assert.deepEqual(dag.waitsFor("x"), []);
  assert.deepEqual(dag.childrenOf("x"), []);
  assert.equal(dag.levelOf("x"), 0);
  assert.ok(!dag.isBefore("x", "a") && !dag.isBefore("a", "x"));
});

test("of two steps with one id the first counts", () => {
  const dag = dagOf([step("a"), step("b", ["a"]), step("a", ["b"])]);
  assert.deepEqual(dag.findings, [{ code: "E_DAG_DUP", step: "a" }]);
  assert.deepEqual(dag.order, ["a", "b"]);
});

test("references that lead nowhere are found and left out", () => {
  const dag = dagOf([step("a", ["ghost"]), step("b", [], "nobody"), step("c", [], "a")]);
  assert.deepEqual(dag.findings, [
    { code: "E_DAG_REF", step: "a", field: "dependsOn", refersTo: "ghost", why: "missing" },
    { code: "E_DAG_REF", step: "b", field: "parent", refersTo: "nobody", why: "missing" },
    { code: "E_DAG_REF", step: "c", field: "parent", refersTo: "a", why: "notCompound" },
  ]);
  assert.deepEqual(dag.waitsFor("a"), []);
  assert.equal(dag.levelOf("c"), 0);
});

test("every mixture of parents, children and dependencies that could never end is a cycle", () => {
  const cycles: [string, DagStep[], string[]][] = [
    ["itself", [step("a", ["a"])], ["a"]],
    ["each other", [step("a", ["b"]), step("b", ["c"]), step("c", ["a"])], ["a", "b", "c"]],
    ["its own parent", [compound("p"), step("c", ["p"], "p")], ["p", "c"]],
    ["its own child", [compound("p", ["c"]), step("c", [], "p")], ["p", "c"]],
    [
      "its own parent's parent",
      [compound("p"), compound("q", [], "p"), step("c", ["p"], "q")],
      ["p", "q", "c"],
    ],
    ["a circle of parents", [compound("p", [], "q"), compound("q", [], "p")], ["p", "q"]],
    ["its own parent by name", [compound("p", [], "p")], ["p"]],
    [
      "the child of what waits for its parent",
      [compound("p"), step("c", ["d"], "p"), compound("q", ["p"]), step("d", [], "q")],
      ["p", "c", "d", "q"],
    ],
  ];
  for (const [name, steps, cycle] of cycles) {
    assert.deepEqual(dagOf(steps).findings, [{ code: "E_DAG_CYCLE", step: cycle[0], cycle }], name);
  }
});

test("what is on a cycle or behind one comes last, in the order of the plan", () => {
  const dag = dagOf([step("behind", ["x"]), step("x", ["y"]), step("y", ["x"]), step("free")]);
  assert.deepEqual(dag.order, ["free", "behind", "x", "y"]);
  assert.deepEqual(dag.waitsFor("behind"), ["x"]);
});

test("two separate cycles are both found", () => {
  const dag = dagOf([step("a", ["b"]), step("b", ["a"]), step("c", ["d"]), step("d", ["c"])]);
  assert.deepEqual(
    dag.findings.map((finding) => finding.code === "E_DAG_CYCLE" && finding.cycle),
    [
      ["a", "b"],
      ["c", "d"],
    ],
  );
});

test("on plans larger than any table the order of two steps is found by walking", () => {
  const plan = Array.from({ length: 5_000 }, (_, i) => step(`s${i}`, i < 2 ? [] : [`s${i - 2}`]));
  const dag = dagOf(plan);
  assert.ok(dag.isBefore("s0", "s4998"));
  assert.ok(!dag.isBefore("s4998", "s0"));
  assert.ok(dag.areConcurrent("s0", "s4999"));
});
