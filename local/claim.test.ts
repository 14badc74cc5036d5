import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { readClaim, releaseClaim, survivors, takeClaim, updateClaim } from "./claim.ts";
import { recordOf, type ProcessRecord } from "./processes.ts";
import { SILENT } from "./progress.ts";

let dir: string;
let started: ChildProcess[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "genesis-claim-"));
  started = [];
});
afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  rmSync(dir, { recursive: true });
});

async function sleeper(name: string): Promise<{ child: ChildProcess; record: ProcessRecord }> {
  const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" });
  await once(child, "spawn");
  started.push(child);
  const record = recordOf(name, child.pid ?? 0);
  assert.ok(record);
  return { child, record };
}

function writeClaim(up: ProcessRecord, children: ProcessRecord[]): void {
  writeFileSync(join(dir, "processes.json"), JSON.stringify({ up, children }));
}

test("a folder is taken, written to and given back", async () => {
  await takeClaim(dir, SILENT);
  assert.equal(readClaim(dir)?.up.pid, process.pid);
  const { record } = await sleeper("halo");
  updateClaim(dir, [record]);
  assert.deepEqual(readClaim(dir)?.children, [record]);
  releaseClaim(dir);
  assert.deepEqual(readdirSync(dir), []);
});

test("a folder whose up runs is refused, with its pid", async () => {
  const { record } = await sleeper("up");
  writeClaim(record, []);
  await assert.rejects(takeClaim(dir, SILENT), {
    message: new RegExp(`^an instance is running in ${dir} already \\(pid ${record.pid}\\)`),
    exitCode: 1,
  });
  assert.deepEqual(readClaim(dir)?.up, record, "its claim stands");
});

test("what a killed up has left is stopped; a stranger that got one of its pids is not", async () => {
  const leftOver = await sleeper("aop");
  const stranger = await sleeper("somebody else's");
  const gone = { name: "up", pid: leftOver.record.pid, birth: "long ago" };
  writeClaim(gone, [leftOver.record, { ...stranger.record, birth: "another start" }]);
  assert.deepEqual(survivors(dir), [leftOver.record]);
  const exited = once(leftOver.child, "exit");
  await takeClaim(dir, SILENT);
  assert.deepEqual(await exited, [null, "SIGTERM"]);
  assert.equal(stranger.child.exitCode ?? stranger.child.signalCode, null);
  assert.equal(readClaim(dir)?.up.pid, process.pid);
});

test("of several that want a folder at once, one gets it", async () => {
  const program = `
    import { takeClaim } from ${JSON.stringify(new URL("claim.ts", import.meta.url).href)};
    import { SILENT } from ${JSON.stringify(new URL("progress.ts", import.meta.url).href)};
    await takeClaim(${JSON.stringify(dir)}, SILENT).then(() => console.log("mine"), () => console.log("refused"));
    process.stdin.resume();`;
  const answers = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program]);
      started.push(child);
      return String((await once(child.stdout, "data"))[0]).trim();
    }),
  );
  assert.deepEqual(answers.toSorted(), ["mine", "refused", "refused", "refused"]);
});

test("a claim that cannot be read is nobody's", async () => {
  writeFileSync(join(dir, "processes.json"), "{");
  await takeClaim(dir, SILENT);
  assert.equal(readClaim(dir)?.up.pid, process.pid);
  assert.ok(!existsSync(join(dir, `processes.json.${process.pid}.stale`)));
});
