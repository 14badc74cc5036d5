import { z } from "zod";
import { onFailure } from "../contract/plan.ts";
import { isKey, token } from "../contract/token.ts";
import { conditionOn, pathFrom, valueAt, type Facts } from "./condition.ts";

/** The task type of a task that came with a goal and nothing else. */
export const GOAL = "goal";
/** The task type of the one step that stands for a goal that no method fits. */
export const GENERIC = "generic";

/** What a step has when nobody says otherwise. */
export const STEP_DEFAULTS = { timeoutMs: 120_000, maxAttempts: 3, onFailure: "fail" } as const;

/** What the precondition of a method may ask about: the run's goal and context, and the task that it would decompose. */
export const METHOD_ROOTS = ["goal", "input", "context"] as const;

/** Where a step's input may come from. Not the goal: who needs it reads it where it stands. */
const INPUT_ROOTS = ["input", "context"] as const;

const MAX_SUBTASKS = 100;
const DAY_MS = 86_400_000;

// No hyphen, which joins local ids to step ids, and no leading digit, which tells revisions apart: so ids cannot meet.
const localId = z
  .string()
  .max(32)
  .regex(/^[A-Za-z][A-Za-z0-9_]*$/, "must be letters, digits and _, a letter first")
  // Step ids become keys of results, and no message may have a key that reaches for a prototype.
  .refine(isKey, "must not be constructor or prototype");

const plain = z.union([z.string().max(4096), z.number(), z.boolean(), z.null()]);
const inputValue = z.union([
  plain,
  z.array(plain).max(100),
  z.strictObject({
    from: pathFrom(INPUT_ROOTS).describe("a path into the input of the task, or into the run's context"),
    default: z
      .union([plain, z.array(plain).max(100)])
      .optional()
      .describe("if there is nothing at that path"),
  }),
]);

const subtaskEntry = z.strictObject({
  id: localId.describe("unique within the method; part of the step's id"),
  task: token.describe("its task type: another method decomposes it, or an agent does it"),
  title: z.string().min(1).max(200).describe("fixed text, for people"),
  after: z
    .array(localId)
    .max(MAX_SUBTASKS)
    .default([])
    .describe("ids of subtasks that must be done first, whose results this one gets to see"),
  input: z
    .record(
      z
        .string()
        .max(64)
        .regex(/^[A-Za-z][A-Za-z0-9_]*$/, "must be letters, digits and _, a letter first"),
      inputValue,
    )
    .optional()
    .describe("the step's input: a value, or { from: a path, default: a value } by field"),
  skills: z.array(z.string().min(1).max(64)).max(16).optional().describe("what its agent must be able to do"),
  timeoutMs: z
    .int()
    .min(100)
    .max(DAY_MS)
    .default(STEP_DEFAULTS.timeoutMs)
    .describe("for one attempt, in milliseconds"),
  maxAttempts: z.int().min(1).max(20).default(STEP_DEFAULTS.maxAttempts),
  onFailure: onFailure
    .default(STEP_DEFAULTS.onFailure)
    .describe(
      "after the last attempt: fail ends the run, skip skips what depends on it, continue runs that without its result",
    ),
});
/** One subtask of a method. */
export type Subtask = z.infer<typeof subtaskEntry>;

const subtasks = z.array(subtaskEntry).min(1).max(MAX_SUBTASKS);

const methodEntry = z
  .strictObject({
    id: token.describe("unique over all catalogues; every plan names the methods that made it"),
    version: z.int().min(1).describe("count it up whenever the method changes"),
    task: token.describe(
      `the task type that it decomposes; a goal without a task type is of the type ${GOAL}`,
    ),
    priority: z
      .int()
      .min(0)
      .max(1000)
      .default(10)
      .describe("higher is tried first; equal ones in the order of the file"),
    description: z.string().min(1).max(500).optional(),
    when: conditionOn(METHOD_ROOTS)
      .default({})
      .describe("what must be true for it to fit: paths that begin with goal, input or context"),
    ordered: subtasks.optional().describe("subtasks, each after the one before it"),
    parallel: subtasks.optional().describe("subtasks that wait only for what their `after` names"),
  })
  .refine(({ ordered, parallel }) => (ordered === undefined) !== (parallel === undefined), {
    message: "needs either `ordered` or `parallel`",
  });
/** One way to decompose a task of one type. */
export type Method = z.infer<typeof methodEntry>;

/** The file `methods.yaml`. */
export const methodsFile = z.strictObject({ methods: z.array(methodEntry).max(1000) });

/** A method's subtasks, with everything that each waits for in its `after`. */
export function subtasksOf({ ordered, parallel }: Method): readonly Subtask[] {
  if (ordered === undefined) return parallel ?? [];
  return ordered.map((subtask, i) => {
    const before = ordered[i - 1]?.id;
    if (before === undefined || subtask.after.includes(before)) return subtask;
    return { ...subtask, after: [...subtask.after, before] };
  });
}

/** The input of a subtask: what its mapping says, looked up in `facts`. A path that leads nowhere leaves its field out. */
export function inputOf({ input }: Subtask, facts: Facts): Record<string, unknown> | undefined {
  if (input === undefined) return undefined;
  const fields = Object.entries(input).flatMap(([name, wanted]) => {
    const isMapped = typeof wanted === "object" && wanted !== null && !Array.isArray(wanted);
    const value = isMapped ? (valueAt(facts, wanted.from) ?? wanted.default) : wanted;
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(fields);
}
