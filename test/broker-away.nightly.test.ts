import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, test, type TestContext } from "node:test";
import { childEnvironment } from "../shared/config.ts";
import { SERVICES } from "../local/service.ts";
import { startServer } from "./support/nats.ts";

const WAIT_MS = 60_000;
const AT_MOST_MS = 70_000;

/** Starts the gateway and sees that it waits for a minute and then gives up with 1. @returns what it says */
async function lastWords(t: TestContext, url: string): Promise<string> {
  const gateway = SERVICES.find(({ name }) => name === "gateway")!.main;
  const child = spawn(process.execPath, [gateway], {
    env: childEnvironment({ NATS_URL: url, GENESIS_HTTP_PORT: "0" }),
    stdio: ["ignore", "ignore", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  const startedMs = performance.now();
  const said = text(child.stderr);
  const [code] = await once(child, "exit");
  const afterMs = performance.now() - startedMs;
  assert.equal(code, 1);
  assert.ok(afterMs > WAIT_MS * 0.9 && afterMs < AT_MOST_MS, `after ${afterMs} ms`);
  return said;
}

describe("after a minute a service gives up, with 1, and says what to do", { concurrency: true }, () => {
  test("when there is no broker", async (t) => {
    assert.equal(
      await lastWords(t, "nats://user:secret@127.0.0.1:1"),
      'genesis gateway: no broker answers at 127.0.0.1:1: start one ("npx genesis up") or set NATS_URL to where it is\n',
    );
  });

  test("when nobody sets the broker up", async (t) => {
    const server = await startServer();
    t.after(() => server.stop());
    const said = await lastWords(t, server.url);
    assert.match(
      said,
      /^genesis gateway: missing on the broker: GENESIS, .*gateway; run "npx genesis setup"\n$/,
    );
  });
});
