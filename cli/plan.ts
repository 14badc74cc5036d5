import { Option, type Command } from "commander";
import { loadCatalog } from "../shared/catalog/load.ts";
import { GenesisError } from "../shared/contract/errors.ts";
import { profile as profiles } from "../shared/contract/events.ts";
import { readSubmission, type Submission } from "../shared/contract/submission.ts";
import type { Catalog } from "../shared/domain/catalog.ts";
import { catalogNames, catalogOption } from "./catalog-option.ts";
import { CommandFailure, wrongUsage } from "./failure.ts";
import { planOffline, type Asked, type AskedGoal, type Profile } from "./offline-plan.ts";
import { jsonOption, outputFor } from "./output.ts";
import { readPlanFile } from "./plan-file.ts";
import { planLines } from "./render/plan.ts";
import { errorText } from "./render/run.ts";
import { payloadOf, readObject, type JsonObject } from "./submission.ts";
import { GENESIS } from "../shared/contract/command.ts";

type PlanOptions = {
  goal?: string;
  type?: string;
  input?: JsonObject;
  context?: JsonObject;
  file?: string;
  catalog?: string[];
  profile: Profile;
  json?: boolean;
};

/** `genesis plan`: what would be decomposed and routed, and how it would be judged. Needs no bus. */
export function plan(command: Command): void {
  command
    .option("--goal <text>", "what is to be done")
    .option("--type <type>", "with --goal: the task's type")
    .option("--input <json>", "with --goal: the task's input, a JSON object", readObject)
    .option("--context <json>", "with --goal: the task's context, a JSON object", readObject)
    .option("--file <path>", "a plan as a JSON file, to be routed and judged")
    .addOption(catalogOption())
    .addOption(new Option("--profile <name>", "how to judge").choices(profiles.options).default("aop-v1"));
  jsonOption(command).action((options: PlanOptions) => {
    const output = outputFor(options);
    const asked = askedOf(options);
    const catalog = loadCatalog(catalogNames(options.catalog));
    refuseUnknownAgents(asked, catalog);
    const planned = planOffline(asked, catalog, options.profile);
    if (output.json) output.document(planned);
    else output.lines(planLines(planned, output.paint));
    if (!planned.passed) throw new CommandFailure("the plan would be rejected; the findings say why");
  });
}

function askedOf({ goal, file, ...more }: PlanOptions): Asked {
  if ((goal === undefined) === (file === undefined))
    throw wrongUsage("give either --goal TEXT or --file DAG.json");
  if (file === undefined) return taskOf(payloadOf({ goal: goal!, ...more }, Date.now()));
  for (const option of ["type", "input", "context"] as const)
    if (more[option] !== undefined)
      throw wrongUsage(`--${option} belongs to --goal; the steps of a file have their own`);
  return { file: readPlanFile(file) };
}

/** Read as the gateway would read it. */
function taskOf(payload: Submission): AskedGoal {
  try {
    const bytes = Buffer.from(JSON.stringify(payload));
    const { goal, taskType, input, context } = readSubmission(bytes, Date.now());
    return {
      goal,
      ...(taskType !== undefined && { taskType }),
      ...(input && { input }),
      ...(context && { context }),
    };
  } catch (error) {
    if (!(error instanceof GenesisError)) throw error;
    throw wrongUsage(`no such task would be taken: ${errorText(error.toJSON())}`);
  }
}

function refuseUnknownAgents(asked: Asked, { agents }: Catalog): void {
  const names = "file" in asked ? (asked.file.agents ?? []) : [];
  const unknown = names.filter((name) => !agents.some((agent) => agent.name === name));
  if (unknown.length > 0)
    throw wrongUsage(`no agent ${unknown.join(", ")} in the catalogue; ${GENESIS} catalog agents lists them`);
}
