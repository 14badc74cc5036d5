import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { linkTo, sampleSpan } from "../../test/support/sample-spans.ts";
import { criticalPath } from "./critical-path.ts";
import { hopsOf } from "./hops.ts";
import { traceRows } from "./rows.ts";
import { spanTrees } from "./span-tree.ts";
import { spansOf } from "./words.ts";

const NAMES = ["publish x.v1.a.b", "process x.v1.a.b", "publish x.v1.run.finished", "custom.measure"];
const id = fc.integer({ min: 1, max: 12 });
const told = fc.record({
  parent: fc.option(id, { nil: undefined }),
  name: fc.constantFrom(...NAMES),
  at: fc.integer({ min: 0, max: 20 }),
  link: fc.option(id),
});

test("whatever the spans are, each stands in one row, and rails to the left of a row go on", () => {
  fc.assert(
    fc.property(fc.array(told, { minLength: 1, maxLength: 12 }), (all) => {
      const spans = all.map(({ parent, name, at, link }, i) =>
        sampleSpan(i + 1, parent, name, { at, links: link === null ? [] : [linkTo(link)] }),
      );
      const rows = traceRows(hopsOf(spanTrees(spans)), new Set(criticalPath(spans)));
      const shown = rows.flatMap((row) => spansOf(row).map(({ spanId }) => spanId));
      assert.deepEqual(shown.toSorted(), spans.map(({ spanId }) => spanId).toSorted());
      for (const [i, { rail }] of rows.entries()) {
        // What a rail goes on with comes after everything that branches off it.
        const left = Array.from({ length: rail }, (_, at) =>
          rows.findIndex((row, j) => j > i && row.rail === at),
        );
        assert.ok(
          left.every((at) => at > i),
          `row ${i}`,
        );
      }
    }),
  );
});
