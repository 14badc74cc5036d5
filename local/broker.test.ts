import assert from "node:assert/strict";
import { test } from "node:test";
import { brokerConfig } from "./broker.ts";

const plan = { dir: "/data", port: 4222, monitorPort: 8222 };

test("the durable profile syncs before it acknowledges, the fast one does not", () => {
  assert.match(
    brokerConfig({ ...plan, profile: "durable" }),
    /jetstream {\n {2}store_dir: "\/data"\n {2}sync_interval: always\n}/,
  );
  assert.doesNotMatch(brokerConfig({ ...plan, profile: "fast" }), /sync_interval/);
});

test("the broker listens on this machine only, and takes messages of 2 MiB", () => {
  const config = brokerConfig({ ...plan, profile: "durable" });
  assert.match(config, /^listen: "127\.0\.0\.1:4222"$/m);
  assert.match(config, /^http: "127\.0\.0\.1:8222"$/m);
  assert.match(config, /^max_payload: 2097152$/m);
});

test("a folder's name cannot add settings of its own", () => {
  const dir = '/a"\nmax_payload: 1';
  assert.match(brokerConfig({ ...plan, dir, profile: "fast" }), /store_dir: "\/a\\"\\nmax_payload: 1"/);
});
