import assert from "node:assert/strict";
import { test } from "node:test";
import { exportFailure } from "./export-failure.ts";

/** As the exporters have failed, each with its other side as the case says. */
const SEEN: readonly [about: string, message: string, code: unknown, reason: string][] = [
  [
    "gRPC, nobody listens",
    "14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ",
    14,
    "connection refused",
  ],
  ["HTTP, nobody listens", "connect ECONNREFUSED 127.0.0.1:1", "ECONNREFUSED", "connection refused"],
  [
    "gRPC, no answer",
    "4 DEADLINE_EXCEEDED: Deadline exceeded after 1.500s,name resolution: 0.001s,Waiting for LB pick",
    4,
    "timed out",
  ],
  ["HTTP, no answer", "Request timed out", undefined, "timed out"],
  [
    "gRPC to a web server",
    "14 UNAVAILABLE: No connection established. Last error: Protocol error (2026-11-24T20:21:12.388Z). Resolution note: ",
    14,
    "it speaks another protocol",
  ],
  ["HTTP to a page that is not there", "Not Found", 404, "status 404"],
  [
    "gRPC, no such host",
    "14 UNAVAILABLE: Name resolution failed for target dns:nowhere.invalid:4317",
    14,
    "host not found",
  ],
  ["HTTP, no such host", "getaddrinfo ENOTFOUND nowhere.invalid", "ENOTFOUND", "host not found"],
  ["a file on a full disk", "ENOSPC: no space left on device, write", "ENOSPC", "ENOSPC"],
  ["whatever else", "canary", undefined, "failed"],
];

for (const [about, message, code, reason] of SEEN)
  test(`${about}: ${reason}`, () => {
    assert.equal(exportFailure(Object.assign(new Error(message), { code })), reason);
  });

test("what is no error has failed", () => {
  assert.equal(exportFailure("canary"), "failed");
});
