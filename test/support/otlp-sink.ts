import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A receiver of OTLP that says yes to everything and keeps it. */
export type OtlpSink = { url: string; received: Buffer[]; close: () => Promise<void> };

/** The answer that so many spans of the export were rejected; that none was says nothing. @param spans below 128 */
function answerOf(spans: number): Buffer {
  return Buffer.from(spans === 0 ? [] : [0x0a, 0x02, 0x08, spans]);
}

/** A message of a unary call: not compressed, its length, itself. */
function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
}

/** Receives over gRPC. @param port 0 picks a free one @param rejects so many spans of each export */
export async function startOtlpSink(port = 0, rejects = 0): Promise<OtlpSink> {
  const received: Buffer[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session.once("close", () => sessions.delete(session)));
  });
  server.on("stream", (stream: ServerHttp2Stream) => void answer(stream, received, rejects));
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

/**
 * Receives over HTTP, and keeps under which path what came.
 * @param status what it answers @param rejects so many spans of each export
 */
export async function startHttpSink(status = 200, rejects = 0): Promise<OtlpSink & { paths: string[] }> {
  const received: Buffer[] = [];
  const paths: string[] = [];
  const server = createHttpServer(async (request, response) => {
    paths.push(`${request.url} ${request.headers["content-type"]}`);
    received.push(await buffer(request));
    response.writeHead(status, { "content-type": "application/x-protobuf" }).end(answerOf(rejects));
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

async function answer(stream: ServerHttp2Stream, received: Buffer[], rejects: number): Promise<void> {
  // Whoever sent it may be gone before it is answered.
  stream.on("error", () => {});
  received.push(await buffer(stream).catch(() => Buffer.alloc(0)));
  if (stream.destroyed) return;
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(framed(answerOf(rejects)));
}
