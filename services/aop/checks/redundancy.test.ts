import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Finding, Step } from "../../../shared/contract/plan.ts";
import { step } from "../../../test/support/model-log.ts";
import { assigned, card, ORIGINAL_AGENTS, routedPlan } from "../../../test/support/plans.ts";
import { examine, type RoutedPlan } from "../examined.ts";
import { redundancy } from "./redundancy.ts";

const redundancyOf = (plan: RoutedPlan): Finding[] =>
  redundancy(examine(plan)).map(({ explain, ...about }) => ({ ...about, ...explain() }));

const titled = (...titles: string[]): Step[] =>
  titles.map((title, i) => step(`s${i}`, { taskType: "test", title }));

test("redundancy finds two steps of one type whose titles say the same, across agents too", () => {
  const agents = [...ORIGINAL_AGENTS, card("other_agent", ["test"])];
  const plan = routedPlan(titled("Test the login page", "test the LOGIN page!"), {
    agents,
    routed: { assignments: [assigned("s0", "qa_agent"), assigned("s1", "other_agent")], unrouted: [] },
  });
  assert.deepEqual(redundancyOf(plan), [
    {
      code: "E_VALIDATION",
      step: "s1",
      message:
        'Step "s1" ("test the LOGIN page!", other_agent) repeats step "s0" ("Test the login page", qa_agent): both are of type "test".',
      suggestion: 'Remove "s1", or tell the two apart by their titles or inputs.',
    },
  ]);
});

const repeats = (steps: Step[]): number => redundancyOf(routedPlan(steps)).length;

test("redundancy begins above seven words in ten", () => {
  assert.equal(repeats(titled("a b c d e f g h i j", "a b c d e f g")), 0, "7 of 10");
  assert.equal(repeats(titled("a b c d e f g", "a b c d e")), 1, "5 of 7");
  assert.equal(repeats(titled("test part 1", "test part 2")), 0, "2 of 4");
  assert.equal(repeats(titled("ein Test für Zoë", "Ein Test für ZOË")), 1);
  assert.equal(repeats(titled("!!!", "???")), 0, "titles without words");
  assert.equal(repeats(titled("!!!", "!!!")), 1);
  assert.equal(repeats(titled("same", "same", "same")), 2, "each is named once, with the first");
});

test("steps of another type, with other inputs, or compound ones are not redundant", () => {
  const [a, b] = titled("the same", "the same") as [Step, Step];
  assert.equal(repeats([a, { ...b, taskType: "qa" }]), 0);
  assert.equal(
    repeats([
      { ...a, input: { file: "x" } },
      { ...b, input: { file: "y" } },
    ]),
    0,
  );
  assert.equal(
    repeats([
      { ...a, input: { x: 1, y: 2 } },
      { ...b, input: { y: 2, x: 1 } },
    ]),
    1,
  );
  assert.equal(repeats([{ ...a, input: { file: "x" } }, b]), 1, "one without an input");
  assert.equal(
    repeats([
      { ...a, kind: "compound" },
      { ...b, kind: "compound" },
    ]),
    0,
  );
});

test("counting shared words through an index finds what comparing all pairs finds", () => {
  const title = fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(title, { maxLength: 12 }), (titles) => {
      const sets = titles.map((words) => new Set(words));
      const repeated = sets.filter((words, i) =>
        sets.slice(0, i).some((other) => {
          const shared = [...words].filter((word) => other.has(word)).length;
          return shared / new Set([...words, ...other]).size > 0.7;
        }),
      );
      assert.equal(repeats(titled(...titles.map((words) => words.join(" ")))), repeated.length);
    }),
  );
});
