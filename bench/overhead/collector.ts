import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

/** A stand-in for a Collector, in a process of its own: it takes every span over gRPC and forgets it, or hangs. */
export type Collector = { url: string; stop: () => void };

/** `answers` says yes to every export at once; `hangs` takes the connection and the bytes, and never answers. */
export type Behaviour = "answers" | "hangs";

/** The empty answer of a unary call: not compressed, no bytes. */
const EMPTY_MESSAGE = Buffer.alloc(5);

export async function startCollector(behaviour: Behaviour): Promise<Collector> {
  const child = fork(import.meta.filename, [behaviour], { stdio: "inherit" });
  const [port] = (await once(child, "message")) as [number];
  return { url: `http://127.0.0.1:${port}`, stop: () => void child.kill() };
}

/** Reads a call to its end; the bytes themselves are not kept. */
function take(stream: ServerHttp2Stream, behaviour: Behaviour): void {
  // Whoever sent it may have given it up.
  stream.on("error", () => {});
  stream.resume();
  if (behaviour === "hangs") return;
  stream.on("end", () => {
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.end(EMPTY_MESSAGE);
  });
}

if (process.argv[1] === import.meta.filename) {
  const behaviour = process.argv[2] === "hangs" ? "hangs" : "answers";
  const server = createServer();
  server.on("stream", (stream) => take(stream, behaviour));
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
  process.on("disconnect", () => process.exit(0));
}
