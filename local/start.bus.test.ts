import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "../test/support/eventually.ts";
import type { StubStart } from "../test/support/stub-service.ts";
import type { Profile } from "./broker.ts";
import { survivors } from "./claim.ts";
import { startLocal, type Local } from "./start.ts";
import type { LocalState } from "./state.ts";

const main = fileURLToPath(new URL("../test/support/stub-service.ts", import.meta.url));
let dir: string;
let said: string[];
let running: Local[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "genesis-local-"));
  said = [];
  running = [];
});
afterEach(async () => {
  await Promise.all(running.map((local) => local.stop()));
  rmSync(dir, { recursive: true });
});

/** Starts stub services whose starts go as told, and all further starts well. */
async function start(
  stubs: Record<string, StubStart[]>,
  { folder = dir, profile = "fast" as Profile, silenceMs = 30_000, readyWithinMs = 90_000 } = {},
): Promise<Local> {
  const services = Object.keys(stubs).map((name) => ({ name, main }));
  const progress = {
    say: (line: string) => void said.push(line),
    begin: () => assert.fail("nothing to fetch"),
  };
  const settings = { STUBS: JSON.stringify(stubs) };
  const patience = { silenceMs, readyWithinMs };
  const local = await startLocal({
    dir: folder,
    port: 0,
    profile,
    services,
    settings,
    progress,
    ...patience,
  });
  running.push(local);
  return local;
}

const written = (local: Local): LocalState => JSON.parse(readFileSync(local.stateFile, "utf8")) as LocalState;
const answers = async (url: string): Promise<boolean> =>
  (await fetch(url).catch(() => undefined))?.ok === true;
const service = (state: LocalState, name: string): LocalState["services"][number] => {
  const found = state.services.find((s) => s.name === name);
  assert.ok(found, name);
  return found;
};

describe("an instance", () => {
  test("is what its state says", async () => {
    const local = await start({ htdag: [], halo: [] }, { profile: "durable" });
    const state = written(local);
    assert.deepEqual(state, local.state());
    assert.deepEqual(Object.keys(state), ["up", "nats", "services", "settings"]);
    assert.deepEqual(state.settings, { catalog: ["business", "audit"], prefix: "genesis" });
    assert.equal(state.up.pid, process.pid);
    assert.equal(state.nats.url, local.url);
    assert.match(readFileSync(state.nats.config, "utf8"), /sync_interval: always/);
    assert.ok(existsSync(state.nats.store));
    assert.ok(await answers(`${state.nats.monitor}/healthz`));
    assert.deepEqual(
      state.services.map((s) => s.name),
      ["htdag", "halo"],
    );
    for (const { http } of state.services) assert.ok(await answers(`${http}/readyz`));
  });

  test("starts a service again that was killed, at the same address", async () => {
    const local = await start({ aop: [] });
    const before = service(written(local), "aop");
    process.kill(before.pid, "SIGKILL");
    const after = await eventually(() => {
      const now = service(written(local), "aop");
      return now.pid !== before.pid && now;
    });
    assert.equal(after.http, before.http);
    assert.ok(await eventually(() => answers(`${after.http}/readyz`)));
    assert.ok(said.includes("aop ended (SIGKILL); starting it again in 0.2 s"));
  });

  test("starts a service again that runs but does not answer any more", async () => {
    const local = await start({ agents: ["stuck"], halo: [] }, { silenceMs: 1200 });
    const before = written(local);
    const after = await eventually(() => {
      const now = service(written(local), "agents");
      return now.pid !== service(before, "agents").pid && now;
    });
    assert.ok(await eventually(() => answers(`${after.http}/livez`)));
    assert.ok(said.includes("agents does not answer for 1.2 s; starting it again"));
    assert.equal(service(written(local), "halo").pid, service(before, "halo").pid);
  });

  test("starts a service again that hangs before it is ready again", async () => {
    const local = await start({ aop: ["ready", "hung"] }, { readyWithinMs: 2000 });
    process.kill(service(written(local), "aop").pid, "SIGKILL");
    await eventually(() => said.filter((line) => line.startsWith("aop ready in")).length === 2);
    assert.ok(await answers(`${service(written(local), "aop").http}/readyz`));
    assert.ok(said.includes("aop is not ready within 2 s; starting it again"));
  });

  test("leaves a service alone that somebody has stopped, as a debugger does", async () => {
    const local = await start({ agents: [] }, { silenceMs: 300 });
    const { pid, http } = service(written(local), "agents");
    process.kill(pid, "SIGSTOP");
    await sleep(1000);
    process.kill(pid, "SIGCONT");
    assert.ok(await eventually(() => answers(`${http}/livez`)));
    assert.equal(service(written(local), "agents").pid, pid);
  });

  test("starts the broker again that was killed, at the same address and on the same store", async () => {
    const local = await start({ aop: [] });
    const before = written(local);
    process.kill(before.nats.pid, "SIGKILL");
    const after = await eventually(() => written(local).nats.pid !== before.nats.pid && written(local));
    assert.deepEqual({ ...after.nats, pid: 0 }, { ...before.nats, pid: 0 });
    assert.deepEqual(after.services, before.services);
    assert.ok(await eventually(() => answers(`${after.nats.monitor}/healthz`)));
  });

  test("waits longer each time that a service does not come up", async () => {
    await start({ gateway: [1, 1, 1] });
    assert.deepEqual(
      said.filter((line) => line.startsWith("gateway ended")),
      [
        "gateway ended (exit 1): start 1 of gateway fails; starting it again in 0.2 s",
        "gateway ended (exit 1): start 2 of gateway fails; starting it again in 0.4 s",
        "gateway ended (exit 1): start 3 of gateway fails; starting it again in 0.8 s",
      ],
    );
  });

  test("leaves a service down whose settings turned out wrong, and says so", async () => {
    const local = await start({ htdag: ["ready", 78], halo: [] });
    process.kill(service(written(local), "htdag").pid, "SIGKILL");
    await eventually(() => written(local).services.every((s) => s.name !== "htdag"));
    assert.ok(await answers(`${service(written(local), "halo").http}/readyz`));
    assert.equal(
      said.at(-1),
      "htdag ended (exit 78): start 2 of htdag fails; its settings are wrong, so it stays down",
    );
  });

  test("goes on where it was after a stop, and two run side by side", async () => {
    const first = await start({ aop: [] });
    await first.stop();
    assert.ok(!existsSync(first.stateFile));
    assert.ok(existsSync(join(dir, "jetstream")));
    const again = await start({ aop: [] });
    const other = await start({ aop: [] }, { folder: join(dir, "other") });
    assert.notEqual(again.url, other.url);
    for (const local of [again, other]) assert.ok(await answers(`${local.state().nats.monitor}/healthz`));
  });

  test("has its folder for itself", async () => {
    await start({ aop: [] });
    await assert.rejects(
      start({ aop: [] }),
      new RegExp(`running in ${dir} already \\(pid ${process.pid}\\)`),
    );
  });

  test("ends a service that does not end by itself, all within 15 s", async () => {
    const local = await start({ agents: ["deaf"] });
    const begun = performance.now();
    await local.stop();
    assert.ok(performance.now() - begun < 15_000);
    assert.deepEqual(survivors(dir), []);
  });
});

describe("a start that cannot be", () => {
  test("is the code 78 of a service: everything stops, and its last words are told", async () => {
    await assert.rejects(start({ htdag: [], halo: [78] }), {
      message: "halo ended (exit 78): start 1 of halo fails",
      exitCode: 78,
    });
    assert.deepEqual(survivors(dir), []);
    await start({ htdag: [] });
  });

  test("is a wrong setting: 78, before anything is started", async () => {
    const settings = { GENESIS_LOG_LEVEL: "loud" };
    await assert.rejects(startLocal({ dir, port: 0, profile: "fast", services: [], settings }), {
      name: "SettingError",
      message: /^GENESIS_LOG_LEVEL must be one of trace, /,
    });
    assert.ok(!existsSync(join(dir, "jetstream")));
  });

  test("is a broken catalogue, with file, line and reason", async () => {
    const settings = { GENESIS_CATALOG: join(dir, "mine") };
    mkdirSync(join(dir, "mine"));
    for (const file of ["agents.yaml", "rules.yaml", "methods.yaml"]) {
      writeFileSync(join(dir, "mine", file), "{");
    }
    await assert.rejects(startLocal({ dir, port: 0, profile: "fast", services: [], settings }), {
      name: "CatalogError",
      message: /mine\/agents\.yaml:\d+: /,
    });
  });

  test("is called off by whoever asked for it, and leaves nothing", async () => {
    const signal = AbortSignal.timeout(300);
    const stubs = { STUBS: JSON.stringify({ aop: Array<number>(20).fill(1) }) };
    const services = [{ name: "aop", main }];
    const options = { dir, port: 0, profile: "fast", services, settings: stubs, signal } as const;
    await assert.rejects(startLocal(options));
    assert.deepEqual(survivors(dir), []);
  });
});
