import { appendFileSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { childEnvironment } from "../../shared/config.ts";

/**
 * A service that does no work but lives like one: it says that it is ready, answers on its address, and ends at SIGTERM or
 * when its parent is gone. STUBS, a JSON object from a service's name to a list, says how each of its starts goes: "ready",
 * an exit code, "deaf" (ready, but SIGTERM does nothing), "clinging" (ready, but does not mind that its parent is gone), "stuck"
 * (ready, but soon blocked for good, as by a loop without an end) or "hung" (never ready). Starts past the list are "ready".
 */
export type StubStart = "ready" | "deaf" | "clinging" | "stuck" | "hung" | number;

const { GENESIS_TRACES_FILE = "", GENESIS_HTTP_PORT, STUBS = "{}" } = childEnvironment({});
appendFileSync(GENESIS_TRACES_FILE, `{"pid":${process.pid}}\n`);
const name = basename(GENESIS_TRACES_FILE, ".jsonl");
const start = readFileSync(GENESIS_TRACES_FILE, "utf8").trim().split("\n").length;
const how = (JSON.parse(STUBS) as Record<string, StubStart[]>)[name]?.[start - 1] ?? "ready";

if (typeof how === "number") {
  process.stderr.write(`start ${start} of ${name} fails\n`);
  process.exit(how);
}
process.on("disconnect", () => how === "clinging" || process.exit(0));
process.on("SIGTERM", () => how === "deaf" || process.exit(0));
const server = createServer((_, response) => response.end("{}"));
server.listen(Number(GENESIS_HTTP_PORT), "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  if (how !== "hung") process.send?.({ ready: true, http: `http://127.0.0.1:${port}` });
  if (how === "stuck") setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 200);
});
