import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import { loadHandlers } from "../services/agents/handlers.ts";
import { roster } from "../services/agents/roster.ts";
import { loadCatalog } from "../shared/catalog/load.ts";
import { PROJECT_ROOT } from "../shared/config.ts";
import { catalogFolders } from "./support/catalog-files.ts";
import { filesOf, quotationsOf } from "./support/page-blocks.ts";
import { makeTree } from "./support/tree.ts";

const PAGE = readFileSync(join(PROJECT_ROOT, "docs/agents.md"), "utf8");
const { "agents.yaml": cards = "", ...sources } = filesOf(PAGE);
const { folderWith, remove } = catalogFolders();
after(remove);

/** The page's files in a folder of their own, importing what they would import from where they are to stand. */
async function handlersFolder(t: TestContext): Promise<string> {
  const root = pathToFileURL(PROJECT_ROOT).href;
  const files = Object.entries(sources).map(([path, text]) => {
    const source = text
      .replaceAll('"../../../', `"${root}`)
      .replace('"zod"', JSON.stringify(import.meta.resolve("zod")));
    return [basename(path), source];
  });
  return makeTree(t, { ...Object.fromEntries(files), "package.json": '{"type":"module"}' });
}

test("the page's handler file is loaded and does the work of the page's card", async (t) => {
  const folder = await handlersFolder(t);
  const own = await loadHandlers({ auditRoot: ".", resultsDir: "." }, pathToFileURL(`${folder}/`));
  const catalog = folderWith({
    "agents.yaml": cards,
    "rules.yaml": 'version: "1"\nrules: []\n',
    "methods.yaml": "methods: []\n",
  });
  const { agents } = loadCatalog(["business", "audit", catalog]);
  const cook = agents.filter(({ name }) => name === "slow_cook");
  const staff = roster(cook, own, ({ name }) => assert.fail(`${name} would be simulated`));
  assert.deepEqual(
    staff.map(({ agent, concurrency }) => [agent.name, concurrency]),
    [["slow_cook", 2]],
  );
});

test("the page's test of the handler passes, in both parts", async (t) => {
  const folder = await handlersFolder(t);
  const { status, stdout } = spawnSync(
    process.execPath,
    ["--test-reporter=tap", join(folder, "slow-cook.test.ts")],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^# pass 2$/m);
});

for (const { file, text } of quotationsOf(PAGE))
  test(`what the page quotes from ${file} stands there`, () => {
    assert.ok(readFileSync(join(PROJECT_ROOT, file), "utf8").includes(text), text);
  });

test("the page names everything that a step offers, and both errors", () => {
  const source = readFileSync(join(PROJECT_ROOT, "shared/agent/define-agent.ts"), "utf8");
  const [, context = ""] = /export type StepContext = \{([^]*?)\n\};/.exec(source) ?? [];
  const offered = [...context.matchAll(/^ {2}(?:readonly )?(\w+)[:(<]/gm)].map(([, name = ""]) => name);
  assert.ok(offered.length > 10);
  const missing = [...offered, "RetryableError", "TerminalError"].filter(
    (name) => !new RegExp(`\`${name}[\`(.]`).test(PAGE),
  );
  assert.deepEqual(missing, []);
});
