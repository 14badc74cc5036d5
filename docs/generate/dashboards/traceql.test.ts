import assert from "node:assert/strict";
import { test } from "node:test";
import { consumers } from "../../../shared/contract/streams.ts";
import { subjectsOf } from "../../../shared/contract/subjects.ts";
import { SERVICE_LAYERS } from "../../../shared/telemetry/names.ts";
import { ofStage } from "./traceql.ts";

test("a stage's link finds the durables that are not called as its service is: those of every agent", () => {
  const durables = consumers(subjectsOf("genesis"), [{ name: "writer", concurrency: 1 }]).map(
    ({ durable }) => durable,
  );
  const found = Object.keys(SERVICE_LAYERS).map((stage) => {
    const [, pattern = ""] = /=~ "(.+)"/.exec(ofStage(stage))!;
    const durable = new RegExp(`^(?:${pattern})$`);
    return [stage, durables.filter((name) => durable.test(name))];
  });
  assert.deepEqual(Object.fromEntries(found), {
    gateway: [],
    htdag: [],
    halo: [],
    aop: [],
    execution: ["execution-timers"],
    agents: ["agent-writer-high", "agent-writer-normal", "agent-writer-low"],
  });
});
