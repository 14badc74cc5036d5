import type { Command } from "commander";
import { loadCatalog } from "../shared/catalog/load.ts";
import type { Catalog } from "../shared/domain/catalog.ts";
import { catalogNames, catalogOption } from "./catalog-option.ts";
import { jsonOption, outputFor } from "./output.ts";
import { agentTable, methodTable, ruleTable } from "./render/catalog.ts";
import type { Paint } from "./render/paint.ts";

/** A kind of entry: where it stands in a catalogue, and how it looks as a table. */
type Kind = {
  name: "agents" | "rules" | "methods";
  summary: string;
  table: (catalog: Catalog, paint: Paint) => string[];
};

const KINDS: readonly Kind[] = [
  { name: "agents", summary: "who can do what", table: ({ agents }, paint) => agentTable(agents, paint) },
  {
    name: "rules",
    summary: "which steps go to which agent, first rule first",
    table: ({ rules }, paint) => ruleTable(rules, paint),
  },
  {
    name: "methods",
    summary: "how tasks are decomposed",
    table: ({ methods }, paint) => methodTable(methods, paint),
  },
];

/** `genesis catalog`: the entries of the catalogues, all of them or those of one kind. */
export function catalog(command: Command): void {
  jsonOption(command.addOption(catalogOption())).action((options: CatalogOptions) => list(KINDS, options));
  for (const kind of KINDS) {
    const one = command
      .command(kind.name)
      .description(`list the ${kind.name}: ${kind.summary}`)
      .addOption(catalogOption());
    // The parent has the same options, and takes those that stand behind the kind as well.
    jsonOption(one).action((_, own: Command) => list([kind], own.optsWithGlobals()));
  }
}

type CatalogOptions = { catalog?: string[]; json?: boolean };

function list(kinds: readonly Kind[], options: CatalogOptions): void {
  const output = outputFor(options);
  const loaded = loadCatalog(catalogNames(options.catalog));
  const [only] = kinds;
  if (output.json && kinds.length === 1) output.document(loaded[only!.name]);
  else if (output.json) output.document(Object.fromEntries(kinds.map(({ name }) => [name, loaded[name]])));
  else
    output.lines(kinds.flatMap(({ table }, i) => [...(i > 0 ? [""] : []), ...table(loaded, output.paint)]));
}
