import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { childEnvironment } from "../../shared/config.ts";

/** Leaves a test out that this machine cannot run, and says why. With CI=true that is a failure: there, everything must run. */
export function notRun(t: TestContext, reason: string): void {
  if (childEnvironment({})["CI"] === "true") assert.fail(`not run: ${reason}`);
  t.skip(`not run: ${reason}`);
}
