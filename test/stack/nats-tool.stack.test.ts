import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { toolPath } from "../../local/stack-tools.ts";
import { childEnvironment, PROJECT_ROOT } from "../../shared/config.ts";
import { startInstance, type Instance } from "../support/instance.ts";
import { bodyOf, runOfKey } from "../support/stored-message.ts";

// What people do with `nats`, the NATS command line, and nothing of ours.
const WITHIN_MS = 60_000;

let instance: Instance;
before(async () => {
  instance = await startInstance();
});
after(() => instance.stop());

async function shell(...args: string[]): Promise<string> {
  const nats = dirname(toolPath("nats", childEnvironment({})));
  const path = [nats, childEnvironment({})["PATH"]].join(delimiter);
  const options = {
    cwd: PROJECT_ROOT,
    timeout: WITHIN_MS,
    env: childEnvironment({ PATH: path, NATS_URL: instance.url }),
  };
  return (await promisify(execFile)("sh", args, options)).stdout;
}

test("03-from-bare-nats.sh gets its answer", async () => {
  const task = JSON.stringify({ goal: "Launch a small online shop" });
  const answer = await shell("examples/03-from-bare-nats.sh", task, "example-3-sh");
  assert.deepEqual(JSON.parse(answer), bodyOf(await instance.client.finished(runOfKey("example-3-sh"))));
});

test("the README's lines for any NATS client publish a task and wait for its end", async () => {
  const readme = readFileSync(join(PROJECT_ROOT, "README.md"), "utf8");
  const [, lines = ""] =
    /## From any NATS client\n[^`]*(?:`[^`]+`[^`]*)*```sh\n([^]+?)```/.exec(readme) ?? [];
  assert.match(lines, /^nats pub genesis\.tasks /);
  const said = await shell("-euc", lines);
  const run = runOfKey("order-17");
  assert.match(said, new RegExp(`genesis\\.v1\\.run\\.finished\\.${run}\\.once`));
  assert.equal((await instance.client.finished(run)).subject, `genesis.v1.run.finished.${run}.once`);
});

test("the README's request is answered at once", async () => {
  const said = await shell("-euc", `nats request genesis.submit '{"goal": "Audit this repository"}'`);
  assert.match(said, /"run":"[0-9a-f]{32}"/);
});
