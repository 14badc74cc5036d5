import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "../shared/config.ts";
import { settingsOf } from "./instance.ts";

test("an instance tells of its settings what whoever looks at it must know, and nothing that is as usual", () => {
  assert.deepEqual(settingsOf(readSettings({ GENESIS_CATALOG: "audit" })), {
    catalog: ["audit"],
    prefix: "genesis",
  });
  const environment = { GENESIS_MODEL_NAME: "m", OTEL_SDK_DISABLED: "true", GENESIS_CATALOG: "audit" };
  assert.deepEqual(settingsOf(readSettings(environment)), {
    catalog: ["audit"],
    prefix: "genesis",
    model: "m",
    sdkDisabled: true,
  });
});
