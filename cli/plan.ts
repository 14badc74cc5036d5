import { Option, type Command } from "commander";
import { loadCatalog } from "../shared/catalog/load.ts";
import { profile as profiles } from "../shared/contract/events.ts";
import type { Catalog } from "../shared/domain/catalog.ts";
import { catalogNames, catalogOption } from "./catalog-option.ts";
import { CommandFailure, wrongUsage } from "./failure.ts";
import { planOffline, type Asked, type Profile } from "./offline-plan.ts";
import { jsonOption, outputFor } from "./output.ts";
import { readPlanFile } from "./plan-file.ts";
import { planLines } from "./render/plan.ts";
import { GENESIS } from "../shared/contract/command.ts";

type PlanOptions = {
  goal?: string;
  type?: string;
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

function askedOf({ goal, type, file }: PlanOptions): Asked {
  if ((goal === undefined) === (file === undefined))
    throw wrongUsage("give either --goal TEXT or --file DAG.json");
  if (file === undefined) return { goal: goal!, taskType: type };
  if (type !== undefined)
    throw wrongUsage("--type belongs to --goal; the steps of a file have task types of their own");
  return { file: readPlanFile(file) };
}

function refuseUnknownAgents(asked: Asked, { agents }: Catalog): void {
  const names = "file" in asked ? (asked.file.agents ?? []) : [];
  const unknown = names.filter((name) => !agents.some((agent) => agent.name === name));
  if (unknown.length > 0)
    throw wrongUsage(`no agent ${unknown.join(", ")} in the catalogue; ${GENESIS} catalog agents lists them`);
}
