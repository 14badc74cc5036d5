import type { EventData } from "../../shared/contract/events.ts";
import type { Catalog } from "../../shared/domain/catalog.ts";
import { match, splitByRoot } from "../../shared/domain/condition.ts";
import { GOAL, inputOf, subtasksOf, type Method, type Subtask } from "../../shared/domain/methods.ts";

/** What a task asks for, as far as planning goes. */
export type Task = Pick<EventData<"task.submitted">, "goal" | "taskType" | "input" | "context" | "policy">;

/** A subtask in its place in a plan: primitive, or with what a method decomposed it into. */
export type Branch = {
  subtask: Subtask;
  input: Record<string, unknown> | undefined;
  method?: Method;
  children: readonly Branch[];
  /** How many steps it comes to, its own included. */
  size: number;
};

/** One way to do a task: the method for its top level, and a branch for each of that method's subtasks. */
export type Way = { method: Method; branches: readonly Branch[] };

/** The search tries this many subtasks; methods that call each other without end cannot hold it up for longer. */
const MAX_TRIES = 10_000;

/**
 * Every way to do a task with the methods of a catalogue, one at a time and only when asked for: depth first, methods by
 * priority, the last choice varied first (hierarchical task network planning). Whatever would leave the task's limits for
 * depth or steps is passed over. A subtask is primitive when no method for it fits and an agent takes its type.
 */
export function waysToDo(task: Task, catalog: Pick<Catalog, "methods" | "agents">): Generator<Way> {
  const { goal, taskType = GOAL, input = {}, context = {}, policy } = task;
  const search: Search = {
    goal,
    context,
    maxDepth: policy.maxDepth,
    methods: Map.groupBy(catalog.methods, (method) => method.task),
    taken: new Set(catalog.agents.flatMap((agent) => agent.taskTypes)),
    fitting: new Map(),
    tries: 0,
  };
  return waysOf(search, taskType, { input, level: 0, room: policy.maxSteps });
}

/** Whether some method fits a task, within its limits or not. */
export function isDecomposable(
  { goal, taskType = GOAL, input = {}, context = {} }: Task,
  methods: readonly Method[],
): boolean {
  return methods.some((method) => method.task === taskType && match(method.when, { goal, input, context }));
}

type Search = {
  goal: string;
  context: Record<string, unknown>;
  maxDepth: number;
  methods: ReadonlyMap<string, readonly Method[]>;
  taken: ReadonlySet<string>;
  /** Which methods fit this run, whatever the input of a subtask: a long goal is read once per method. */
  fitting: Map<string, boolean>;
  tries: number;
};

/** Where subtasks come to stand: the input of the task above them, their level, and how many steps there is room for. */
type Place = { input: Record<string, unknown>; level: number; room: number };

function* waysOf(search: Search, task: string, place: Place): Generator<Way> {
  for (const method of search.methods.get(task) ?? []) {
    if (!fits(search, method, place.input)) continue;
    for (const branches of branchesOf(search, subtasksOf(method), place)) yield { method, branches };
  }
}

function* branchesOf(
  search: Search,
  [first, ...rest]: readonly Subtask[],
  place: Place,
): Generator<Branch[]> {
  if (first === undefined) {
    yield [];
    return;
  }
  // The others take a step each at least.
  const room = place.room - rest.length;
  for (const branch of branchesFor(search, first, { ...place, room })) {
    for (const others of branchesOf(search, rest, { ...place, room: place.room - branch.size }))
      yield [branch, ...others];
  }
}

function* branchesFor(
  search: Search,
  subtask: Subtask,
  { input: above, level, room }: Place,
): Generator<Branch> {
  if (room < 1 || level > search.maxDepth || search.tries++ >= MAX_TRIES) return;
  const input = inputOf(subtask, { input: above, context: search.context });
  let isCompound = false;
  const below = { input: input ?? {}, level: level + 1, room: room - 1 };
  for (const { method, branches } of waysOf(search, subtask.task, below)) {
    isCompound = true;
    const size = branches.reduce((sum, branch) => sum + branch.size, 1);
    yield { subtask, input, method, children: branches, size };
  }
  if (!isCompound && search.taken.has(subtask.task)) yield { subtask, input, children: [], size: 1 };
}

function fits({ goal, context, fitting }: Search, method: Method, input: Record<string, unknown>): boolean {
  const { below, rest } = splitByRoot(method.when, "input");
  let isFitting = fitting.get(method.id);
  if (isFitting === undefined) {
    isFitting = match(rest, { goal, context }) !== undefined;
    fitting.set(method.id, isFitting);
  }
  return isFitting && match(below, { input }) !== undefined;
}
