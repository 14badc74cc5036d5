import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { childEnvironment } from "../shared/config.ts";
import { followPage, INCIDENT_PROGRAM, startIncident } from "./support/incident.ts";

// What docs/incidents has people type, against each incident as it is started: it comes to what the pages show, and by way of an
// exemplar to a run that is to be found.
const INCIDENTS = {
  "slow-agent": { runs: 8, guilty: [0, 1, 2, 3, 4, 5, 6, 7], lastsMs: 60_000 },
  "bad-routing-rule": { runs: 2, guilty: [0, 1], lastsMs: 60_000 },
  // Three deaths, and the broker waits 30 s after each.
  "poison-message": { runs: 2, guilty: [1], lastsMs: 180_000 },
};

for (const [name, { guilty, ...expected }] of Object.entries(INCIDENTS)) {
  test(`${name} can be found out as its page says`, async (t) => {
    const incident = await startIncident([name], expected);
    t.after(incident.stop);
    const found = followPage(name, incident);
    const index = incident.runs.findIndex((one) => isDeepStrictEqual(one, found));
    assert.ok(guilty.includes(index), JSON.stringify(found));
  });
}

test("an incident that there is not is refused, and so is a folder from before", () => {
  const cwd = mkdtempSync(join(tmpdir(), "genesis-incident-"));
  const start = (...args: string[]) =>
    spawnSync(process.execPath, [INCIDENT_PROGRAM, ...args], {
      cwd,
      encoding: "utf8",
      env: childEnvironment({}),
    });
  const odd = start("rain");
  assert.deepEqual(
    [
      odd.status,
      odd.stderr.startsWith("usage: node cli/genesis.js --node examples/incidents/start.ts slow-agent|"),
    ],
    [2, true],
  );
  mkdirSync(join(cwd, ".incident"));
  const again = start("slow-agent");
  assert.deepEqual(
    [again.status, again.stderr],
    [1, ".incident is there from before; stop what runs in it and delete it\n"],
  );
  rmSync(cwd, { recursive: true });
});
