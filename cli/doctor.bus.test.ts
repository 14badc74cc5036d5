import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { loadCatalog } from "../shared/catalog/load.ts";
import { genesis } from "../test/support/genesis.ts";
import { startCell, type TestCell } from "../test/support/nats.ts";
import type { Finding } from "./checkup.ts";

let cell: TestCell;
before(async () => {
  cell = await startCell([...loadCatalog(["business", "audit"]).agents]);
});
after(() => cell.stop());

const doctor = async (): Promise<{ status: number | null; findings: Map<string, Finding> }> => {
  const { status, stdout } = await genesis(["doctor", "--nats", cell.server.url, "--json"]);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { status, findings: new Map(findings.map((finding) => [finding.what, finding])) };
};

test("a broker with everything on it is healthy, exit code 0", async () => {
  const { status, findings } = await doctor();
  assert.equal(status, 0, JSON.stringify([...findings.values()].filter(({ is }) => is === "bad")));
  assert.match(
    findings.get("broker")!.says,
    /^nats-server 2\.\d+\.\d+ at 127\.0\.0\.1:\d+, messages up to 2 MiB$/,
  );
  assert.match(findings.get("consumers")!.says, /^all \d+ are there, 0 messages wait$/);
  for (const stream of ["GENESIS", "GENESIS_INBOX", "GENESIS_DLQ", "GENESIS_TIMERS", "GENESIS_CLAIMS"]) {
    assert.equal(findings.get(`stream ${stream}`)?.is, "good", stream);
  }
});

test("what is missing is named, with what to do", async () => {
  await cell.bus.jsm.consumers.delete(cell.bus.names.log, "halo");
  await cell.bus.jsm.streams.delete(cell.bus.names.dlq);
  const { status, findings } = await doctor();
  assert.equal(status, 1);
  assert.deepEqual(findings.get("stream GENESIS_DLQ"), {
    what: "stream GENESIS_DLQ",
    is: "bad",
    says: "is missing",
    todo: "npx genesis setup",
  });
  assert.match(findings.get("consumers")!.says, /^1 of \d+ are missing: halo$/);
});

test("an address that is none is a finding as well", async () => {
  const { status, stdout } = await genesis(["doctor", "--nats", "no address"]);
  assert.equal(status, 1);
  assert.match(stdout, /\n✖ +broker +its address is no URL/);
});

test("a broker that is away is found to be", async () => {
  const { status, stdout } = await genesis(["doctor", "--nats", "nats://127.0.0.1:9"]);
  assert.equal(status, 1);
  assert.match(stdout, /\n✖ +broker +no broker answers at 127\.0\.0\.1:9/);
});
