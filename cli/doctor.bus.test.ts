import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadCatalog } from "../shared/catalog/load.ts";
import { dispatched } from "../test/support/facts.ts";
import { genesis } from "../test/support/genesis.ts";
import { startCell, type TestCell } from "../test/support/nats.ts";
import type { Finding } from "./finding.ts";

const EXTERNAL = join(import.meta.dirname, "../test/support/catalog/external");
const CATALOG = ["business", "audit", EXTERNAL];
let cell: TestCell;
before(async () => {
  cell = await startCell([...loadCatalog(CATALOG).agents]);
});
after(() => cell.stop());

const doctor = async (more = {}): Promise<{ status: number | null; findings: Map<string, Finding> }> => {
  const settings = { GENESIS_CATALOG: CATALOG.join(","), ...more };
  const { status, stdout } = await genesis(["doctor", "--nats", cell.server.url, "--json"], { settings });
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

const alone = (why: string) =>
  `not looked at, nor its services: ${why}, so this is about that broker alone, with this shell's catalogues`;

test("a broker that is named is looked at alone, and that is said, with how to look at the rest", async () => {
  const { findings } = await doctor();
  assert.deepEqual(findings.get("instance"), {
    what: "instance",
    is: "note",
    says: alone("--nats is given"),
    todo: "npx genesis doctor looks at what runs here",
  });
  const { stdout } = await genesis(["doctor", "--json", "--dir", "/x"], {
    settings: { NATS_URL: cell.server.url },
  });
  const [found] = JSON.parse(stdout).findings.filter(({ what }: Finding) => what === "instance");
  assert.deepEqual(found, {
    what: "instance",
    is: "note",
    says: alone("NATS_URL is set"),
    todo: "NATS_URL= npx genesis doctor --dir /x looks at what runs here",
  });
});

test("a wrong setting is one finding, and no reason to start a broker", async () => {
  const { status, findings } = await doctor({ GENESIS_FOO: "1" });
  assert.equal(status, 1);
  assert.equal(findings.get("settings")?.says, "GENESIS_FOO is not a setting; see docs/settings.md");
  assert.deepEqual(findings.get("broker"), {
    what: "broker",
    is: "note",
    says: "not looked at; the settings have to be correct first",
  });
});

test("an agent for whom messages wait and who does not listen is named, and so is a service", async () => {
  const { bus } = cell;
  const asked = dispatched("run", "s1", { agent: "greeter", taskType: "greet" });
  await bus.log.append({ event: asked, expect: "attempt" }, { correlationId: "c" });
  const { status, findings } = await doctor();
  assert.equal(status, 1);
  assert.deepEqual(findings.get("agent greeter"), {
    what: "agent greeter",
    is: "bad",
    says: "1 message waits, nobody listens",
    todo: "start its process",
  });
  assert.deepEqual(findings.get("durable execution")?.todo, "npx genesis up");
  assert.equal(findings.get("agent word_counter"), undefined);
  const consumer = await bus.js.consumers.get(bus.names.log, "agent-greeter-normal");
  const taken = await consumer.next();
  assert.equal((await doctor()).findings.get("agent greeter"), undefined);
  taken?.ack();
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
