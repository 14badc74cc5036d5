import { readFileSync } from "node:fs";
import { z } from "zod";
import { GenesisError } from "../shared/contract/errors.ts";
import { token } from "../shared/contract/token.ts";
import { parseJson } from "../shared/contract/json.ts";
import { step, type Step } from "../shared/contract/plan.ts";
import { parseWith } from "../shared/contract/validate.ts";
import { dagOf } from "../shared/domain/dag.ts";
import { STEP_DEFAULTS } from "../shared/domain/methods.ts";
import { wrongUsage } from "./failure.ts";

/** A plan that somebody wrote down, to see how it would be routed and judged. */
export type PlanFile = {
  goal?: string | undefined;
  steps: Step[];
  /** The only agents that may be used. */
  agents?: readonly string[] | undefined;
  /** Step to agent: the routing as it is to be taken. */
  assignments?: Readonly<Record<string, string>> | undefined;
};

const planFile = z.object({
  goal: z.string().min(1).optional(),
  steps: z.array(step.partial().required({ id: true, taskType: true })),
  agents: z.array(token).optional(),
  assignments: z.record(z.string(), token).optional(),
});

/** Reads a plan, and fills in what its steps leave out. @throws CommandFailure (wrong usage) for a file that is no plan, saying where */
export function readPlanFile(path: string): PlanFile {
  const { steps, ...rest } = parsed(path);
  return { ...rest, steps: withDefaults(steps) };
}

function parsed(path: string): z.infer<typeof planFile> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw wrongUsage(`${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"})`);
  }
  try {
    return parseWith(planFile, parseJson(bytes));
  } catch (error) {
    if (!(error instanceof GenesisError)) throw error;
    const where = error.details.map((detail) => `${detail.path || "the file"} ${detail.rule}`).join("; ");
    throw wrongUsage(
      error.code === "E_SCHEMA" ? `${path} is no plan: ${where}` : `${path} is not JSON that can be read`,
    );
  }
}

function withDefaults(steps: z.infer<typeof planFile>["steps"]): Step[] {
  const whole = steps.map(({ id, taskType, ...given }) => ({
    id,
    taskType,
    kind: "primitive" as const,
    level: 0,
    title: id,
    dependsOn: [],
    ...STEP_DEFAULTS,
    ...defined(given),
  }));
  const dag = dagOf(whole);
  return whole.map((one, i) => ({ ...one, level: steps[i]!.level ?? dag.levelOf(one.id) }));
}

/** A field that is given as undefined must not hide its default. */
function defined<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
