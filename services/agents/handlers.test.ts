import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { makeTree } from "../../test/support/tree.ts";
import { loadHandlers } from "./handlers.ts";

const PLACE = { auditRoot: ".", resultsDir: "." };
const agentCalled = (name: string): string =>
  `export const agent = () => ({ name: "${name}", tasks: {} });\n`;

test("every file of the folder is an agent, called as the file with underscores for dashes; tests are none", async (t) => {
  const folder = await makeTree(t, {
    "slow-cook.ts": agentCalled("slow_cook"),
    "slow-cook.test.ts": "throw new Error('a test');\n",
    "notes.md": "",
    "waiter.ts": agentCalled("waiter"),
  });
  const agents = await loadHandlers(PLACE, pathToFileURL(`${folder}/`));
  assert.deepEqual(
    agents.map(({ name }) => name),
    ["slow_cook", "waiter"],
  );
});

const UNFIT: [what: string, file: string, text: string, message: string][] = [
  [
    "a file that is called otherwise than its agent",
    "slow_cook.ts",
    agentCalled("slow_cook"),
    "services/agents/handlers/slow_cook.ts holds the agent slow_cook; name it slow-cook.ts",
  ],
  [
    "a file without an agent",
    "cook.ts",
    "export const cook = 1;\n",
    "services/agents/handlers/cook.ts exports no function called agent",
  ],
  [
    "a file that Node cannot load",
    "cook.ts",
    "import './no-such-file.ts';\n",
    "services/agents/handlers/cook.ts cannot be loaded (ERR_MODULE_NOT_FOUND)",
  ],
  [
    "a file whose agent cannot be declared",
    "cook.ts",
    "export const agent = () => { throw new RangeError('too hot'); };\n",
    "services/agents/handlers/cook.ts cannot be loaded (RangeError)",
  ],
];

for (const [what, file, text, message] of UNFIT)
  test(`refuses ${what}`, async (t) => {
    const folder = await makeTree(t, { [file]: text });
    await assert.rejects(loadHandlers(PLACE, pathToFileURL(`${folder}/`)), { name: "HandlerError", message });
  });
