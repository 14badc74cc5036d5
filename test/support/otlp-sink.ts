import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A receiver of OTLP that says yes to everything and keeps it. */
export type OtlpSink = { url: string; received: Buffer[]; close: () => Promise<void> };

/** The empty answer of a unary call: not compressed, no bytes. */
const EMPTY_MESSAGE = Buffer.alloc(5);

/** Receives over gRPC. @param port 0 picks a free one */
export async function startOtlpSink(port = 0): Promise<OtlpSink> {
  const received: Buffer[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session.once("close", () => sessions.delete(session)));
  });
  server.on("stream", (stream: ServerHttp2Stream) => void answer(stream, received));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: urlOf(server.address() as AddressInfo),
    received,
    close: async () => {
      server.close();
      for (const session of sessions) session.destroy();
      await once(server, "close");
    },
  };
}

/** Receives over HTTP, and keeps under which path what came. @param status what it answers */
export async function startHttpSink(status = 200): Promise<OtlpSink & { paths: string[] }> {
  const received: Buffer[] = [];
  const paths: string[] = [];
  const server = createHttpServer(async (request, response) => {
    paths.push(`${request.url} ${request.headers["content-type"]}`);
    received.push(await buffer(request));
    response.writeHead(status).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: urlOf(server.address() as AddressInfo),
    received,
    paths,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function urlOf({ port }: AddressInfo): string {
  return `http://127.0.0.1:${port}`;
}

async function answer(stream: ServerHttp2Stream, received: Buffer[]): Promise<void> {
  // Whoever sent it may be gone before it is answered.
  stream.on("error", () => {});
  received.push(await buffer(stream).catch(() => Buffer.alloc(0)));
  if (stream.destroyed) return;
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(EMPTY_MESSAGE);
}
