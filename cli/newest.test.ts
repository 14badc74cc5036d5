import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newest } from "./newest.ts";

/** A stream in which only some sequences match, read in pages. */
const reader = (seqs: readonly number[], pageSize: number) => async (fromSeq: number) => {
  const rest = seqs.filter((seq) => seq >= fromSeq);
  const items = rest.slice(0, pageSize).map((seq) => ({ seq }));
  return { items, nextSeq: rest.length > pageSize ? items.at(-1)!.seq + 1 : undefined };
};

test("the newest come first, wherever in the stream they stand", async () => {
  const seqs = fc.uniqueArray(fc.integer({ min: 1, max: 50_000 }), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(
      seqs,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 50 }),
      async (all, limit, pageSize) => {
        const ordered = all.toSorted((a, b) => a - b);
        const found = await newest(reader(ordered, pageSize), { lastSeq: 50_000, limit });
        assert.deepEqual(
          found.map(({ seq }) => seq),
          ordered.toReversed().slice(0, limit),
        );
      },
    ),
    { numRuns: 200 },
  );
});

test("of a long stream only the end is read", async () => {
  let reads = 0;
  const read = reader(
    Array.from({ length: 100_000 }, (_, i) => i + 1),
    500,
  );
  const counted = (seq: number) => (reads++, read(seq));
  assert.equal((await newest(counted, { lastSeq: 100_000, limit: 20 })).length, 20);
  assert.ok(reads <= 4, `${reads} reads`);
});
