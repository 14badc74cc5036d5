import { z } from "zod";

/**
 * The condition language of rules and methods: a map from paths to what must be true there, all of it at once. It is
 * total: it has no loops, no arithmetic and no errors. What a path leads to nothing is not equal to anything.
 *
 *     taskType: fix_bug                          equal
 *     input.target: { in: [code, docs] }         one of
 *     input.budget: { atLeast: 100, atMost: 500 } a number in a range
 *     context.owner: { exists: true }            there, or not there
 *     goal: { anyWord: [shop, online store] }    words or phrases of a text
 */

const MAX_VALUES = 64;

const value = z.union([z.string().max(256), z.number(), z.boolean(), z.null()]);
const phrase = z
  .string()
  .max(64)
  .regex(/[\p{L}\p{N}]/u, "must hold a letter or digit");

const test = z
  .strictObject({
    in: z.array(value).min(1).max(MAX_VALUES).optional().describe("equal to one of these values"),
    exists: z.boolean().optional().describe("whether anything is there; null counts as nothing"),
    atLeast: z.number().optional().describe("a number, this or more"),
    atMost: z.number().optional().describe("a number, this or less"),
    anyWord: z
      .array(phrase)
      .min(1)
      .max(MAX_VALUES)
      .optional()
      .describe(
        "a text that says at least one of these words or phrases; case and punctuation do not matter",
      ),
    allWords: z
      .array(phrase)
      .min(1)
      .max(MAX_VALUES)
      .optional()
      .describe("a text that says every one of these words or phrases"),
  })
  .refine((tests) => Object.keys(tests).length > 0, {
    message: "needs at least one of in, exists, atLeast, atMost, anyWord, allWords",
  });
type Test = z.infer<typeof test>;

/** A path as the language writes it: names with dots between, the first of them one of `roots`. */
export const pathFrom = (roots: readonly string[]) =>
  z
    .string()
    .max(256)
    .regex(
      new RegExp(`^(${roots.join("|")})(\\.[A-Za-z0-9_-]+)*$`),
      `must be a path that begins with ${roots.join(" or ")}, names with dots between`,
    );

/** The schema of a condition whose paths begin with one of `roots`. */
export const conditionOn = (roots: readonly string[]) =>
  z.record(pathFrom(roots), z.union([value.describe("equal to this value"), test]));
export type Condition = z.infer<ReturnType<typeof conditionOn>>;

/** What conditions are asked about: the roots of their paths, and what stands below them. */
export type Facts = Readonly<Record<string, unknown>>;

/** A text value in a decision record is cut to this many characters, and a larger value is only named. */
const MAX_SHOWN = 200;

/**
 * What a condition found, by path, when all of it is true; otherwise undefined. Of a text that was searched for words, the
 * words that were found; of a value that is too large for a record, only what it is.
 */
export function match(condition: Condition, facts: Facts): Record<string, unknown> | undefined {
  const found: [string, unknown][] = [];
  for (const [path, wanted] of Object.entries(condition)) {
    const actual = valueAt(facts, path);
    if (!isTest(wanted)) {
      if (actual !== wanted) return undefined;
      found.push([path, actual]);
      continue;
    }
    const words = saidWords(wanted, actual);
    if (words === undefined || !passes(wanted, actual)) return undefined;
    found.push([path, words.length > 0 ? words : shown(actual)]);
  }
  return Object.fromEntries(found);
}

/** What stands at a path, or undefined. Only own properties count, so no path reaches a prototype. */
export function valueAt(facts: Facts, path: string): unknown {
  let at: unknown = facts;
  for (const name of path.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Facts)[name];
  }
  return at;
}

/** The part of a condition that asks about paths below one root, and the part that does not. */
export function splitByRoot(condition: Condition, root: string): { below: Condition; rest: Condition } {
  const isBelow = ([path]: [string, unknown]): boolean => path === root || path.startsWith(`${root}.`);
  const entries = Object.entries(condition);
  return {
    below: Object.fromEntries(entries.filter(isBelow)),
    rest: Object.fromEntries(entries.filter((entry) => !isBelow(entry))),
  };
}

function isTest(wanted: Condition[string]): wanted is Test {
  return typeof wanted === "object" && wanted !== null;
}

function passes(wanted: Test, actual: unknown): boolean {
  const { in: values, exists, atLeast, atMost } = wanted;
  if (values !== undefined && !values.includes(actual as never)) return false;
  if (exists !== undefined && exists !== (actual !== undefined && actual !== null)) return false;
  if (atLeast !== undefined && !(typeof actual === "number" && actual >= atLeast)) return false;
  if (atMost !== undefined && !(typeof actual === "number" && actual <= atMost)) return false;
  return true;
}

/** The words that a test asks for and a text says; undefined when it does not say enough of them. */
function saidWords({ anyWord = [], allWords = [] }: Test, actual: unknown): string[] | undefined {
  if (anyWord.length + allWords.length === 0) return [];
  if (typeof actual !== "string") return undefined;
  const text = ` ${wordsOf(actual)} `;
  const isSaid = (wanted: string): boolean => text.includes(` ${wordsOf(wanted)} `);
  const some = anyWord.filter(isSaid);
  if (anyWord.length > 0 && some.length === 0) return undefined;
  return allWords.every(isSaid) ? [...allWords, ...some] : undefined;
}

/** The words of a text in lower case, one blank between them: runs of letters and digits of any script. */
function wordsOf(text: string): string {
  return (
    text
      .normalize("NFC")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  ).join(" ");
}

function shown(actual: unknown): unknown {
  if (typeof actual === "string" && actual.length > MAX_SHOWN) return `${actual.slice(0, MAX_SHOWN)}…`;
  if (Array.isArray(actual)) return `(a list of ${actual.length})`;
  if (typeof actual === "object" && actual !== null) return "(an object)";
  return actual ?? null;
}
