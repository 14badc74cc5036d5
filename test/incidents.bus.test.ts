import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { childEnvironment } from "../shared/config.ts";
import { INCIDENTS } from "./support/incident-pages.ts";
import { followPage, INCIDENT_PROGRAM, startIncident } from "./support/incident.ts";

// What docs/incidents has people type, against each incident as it is started: it comes to what the pages show, and by way of an
// exemplar to a run that is to be found.
for (const [name, { guilty, ...expected }] of Object.entries(INCIDENTS)) {
  test(`${name} can be found out as its page says`, async (t) => {
    const incident = await startIncident([name], expected);
    t.after(incident.stop);
    const found = followPage(name, incident);
    const index = incident.runs.findIndex((one) => isDeepStrictEqual(one, found));
    assert.ok(guilty.includes(index), JSON.stringify(found));
  });
}

test("an incident that there is not is refused", (t) => {
  const { start } = emptyFolder(t);
  const { status, stderr } = start("rain");
  assert.equal(status, 2);
  assert.match(stderr, /^usage: node cli\/genesis\.js --node examples\/incidents\/start\.ts slow-agent\|/);
});

test("the folder that an incident left makes room for the next one, but not while something runs in it", async (t) => {
  const first = await startIncident(["bad-routing-rule"], INCIDENTS["bad-routing-rule"]);
  t.after(first.stop);
  const { cwd } = first;
  const beside = startIn(cwd)("slow-agent");
  assert.equal(beside.status, 1);
  assert.match(
    beside.stderr,
    /^an incident runs in \.incident already: up \(pid \d+\).*; end it with Ctrl-C .* npx genesis down --dir \.incident\n$/,
  );
  assert.ok(existsSync(join(cwd, ".incident", "state.json")));
  await first.end();
  const next = await startIncident(["bad-routing-rule"], { ...INCIDENTS["bad-routing-rule"], cwd });
  await next.end();
  assert.ok(next.said().includes("deleted .incident, which an earlier incident had left\n"));
});

test("a folder that is called so and that no incident made is left alone", (t) => {
  const { cwd, start } = emptyFolder(t);
  const elsewhere = join(cwd, "elsewhere");
  for (const make of [
    () => mkdirSync(join(cwd, ".incident")),
    // Where it leads to may be somebody's, whatever stands there.
    () => {
      mkdirSync(elsewhere);
      writeFileSync(join(elsewhere, "made-by-an-incident"), "");
      symlinkSync(elsewhere, join(cwd, ".incident"));
    },
  ]) {
    make();
    const { status, stderr } = start("slow-agent");
    assert.equal(status, 1);
    assert.equal(
      stderr,
      ".incident is there, and no incident made it; look what it is, then move it away or delete it (rm -rf .incident)\n",
    );
    rmSync(join(cwd, ".incident"), { recursive: true });
  }
  assert.ok(existsSync(join(elsewhere, "made-by-an-incident")));
});

const startIn =
  (cwd: string) =>
  (...args: string[]) =>
    spawnSync(process.execPath, [INCIDENT_PROGRAM, ...args], {
      cwd,
      encoding: "utf8",
      env: childEnvironment({}),
    });

/** A folder with nothing in it, and what it says there to start an incident. */
function emptyFolder(t: TestContext) {
  const cwd = mkdtempSync(join(tmpdir(), "genesis-incident-"));
  t.after(() => rmSync(cwd, { recursive: true }));
  return { cwd, start: startIn(cwd) };
}
