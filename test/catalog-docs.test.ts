import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { route } from "../services/halo/route.ts";
import { plan } from "../services/htdag/plan.ts";
import { catalogSchemas } from "../shared/catalog/json-schemas.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { PROJECT_ROOT } from "../shared/config.ts";
import { justRun } from "../shared/contract/decider.ts";
import { POLICY_DEFAULTS } from "../shared/contract/events.ts";
import { catalogFolders } from "./support/catalog-files.ts";
import { filesOf } from "./support/page-blocks.ts";

const page = readFileSync(join(PROJECT_ROOT, "docs", "catalog.md"), "utf8");
const { folderWith, remove } = catalogFolders();
after(remove);

test("the example on the page is a catalogue, also beside the shipped ones, and does what the page says", () => {
  const files = filesOf(page);
  assert.deepEqual(Object.keys(files), ["agents.yaml", "rules.yaml", "methods.yaml"]);
  const folder = folderWith(files);
  loadCatalog(["business", "audit", folder]);
  const catalog = loadCatalog([folder]);
  const task = { goal: "Cater for a birthday", input: { guests: 80 }, policy: { ...POLICY_DEFAULTS } };
  const { steps } = plan(task, 0, catalog, justRun);
  const { assignments } = route(steps, catalog, justRun);
  assert.deepEqual(
    assignments.map(({ step, agent, decision }) => [step, agent, decision.rule ?? decision.method]),
    [
      ["bread", "baker", "bread_to_baker"],
      ["cake-bake", "baker", "large_cakes_to_baker"],
      ["cake-decorate", "confectioner", "capability"],
      ["delivery", "courier", "capability"],
    ],
  );
  assert.deepEqual(steps.find(({ id }) => id === "delivery")?.dependsOn, [
    "bread",
    "cake",
    "cake-bake",
    "cake-decorate",
  ]);
});

test("the page names every field that the files may have", () => {
  const fields = new Set<string>();
  const collect = (schema: unknown): void => {
    if (typeof schema !== "object" || schema === null) return;
    if ("properties" in schema) for (const name of Object.keys(schema.properties as object)) fields.add(name);
    Object.values(schema).forEach(collect);
  };
  collect(catalogSchemas());
  const missing = [...fields].filter((name) => !new RegExp(`[\`{ ]${name}[\`: ]`).test(page));
  assert.deepEqual(missing, []);
  assert.ok(fields.size > 25);
});
