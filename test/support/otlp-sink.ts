import { once } from "node:events";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A receiver of OTLP over gRPC that says yes to everything and keeps it. */
export type OtlpSink = { url: string; received: Buffer[]; close: () => Promise<void> };

/** The empty answer of a unary call: not compressed, no bytes. */
const EMPTY_MESSAGE = Buffer.alloc(5);

export async function startOtlpSink(): Promise<OtlpSink> {
  const received: Buffer[] = [];
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => void answer(stream, received));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    close: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(stream: ServerHttp2Stream, received: Buffer[]): Promise<void> {
  received.push(await buffer(stream));
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(EMPTY_MESSAGE);
}
