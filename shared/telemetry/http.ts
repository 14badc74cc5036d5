import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { summarizeMetrics } from "./metrics-summary.ts";
import { exposition } from "./metrics.ts";

/** What must be true for a service to be able to work, by name. */
export type Checks = Record<string, boolean>;

export type HttpOptions = { host: string; port: number; readiness: () => Promise<Checks> };

export type HttpServer = {
  /** The address that was bound, as a URL. */
  address: string;
  close(): Promise<void>;
};

type Answer = { status: number; contentType: string; body: string };

const MAX_CONNECTIONS = 64;
const HEADER_TIMEOUT_MS = 2000;
const REQUEST_TIMEOUT_MS = 5000;
/** How often Node looks whether a time is up; its own 30 s would make the two above mean nothing. */
const TIMEOUT_CHECK_MS = 500;
const READINESS_TIMEOUT_MS = 1000;

/**
 * Serves `/metrics`, their summary as JSON, `/livez` (the process answers; nothing else is asked) and `/readyz` (it
 * can work). @param options.port 0 picks a free one @throws the system's error when the address cannot be bound
 */
export async function serveHttp({ host, port, readiness }: HttpOptions): Promise<HttpServer> {
  const pages: Record<string, () => Promise<Answer>> = {
    "/metrics": async () => ({ status: 200, ...(await exposition()) }),
    "/metrics/summary": async () => json(200, await summarizeMetrics()),
    "/livez": async () => json(200, { live: true }),
    "/readyz": () => readyAnswer(readiness),
  };
  const server = createServer(
    {
      headersTimeout: HEADER_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    },
    (request, response) => void answer(pages, request, response),
  );
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, host, port);
  return {
    address: urlOf(server.address() as AddressInfo),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  pages: Record<string, () => Promise<Answer>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, contentType, body } = await answerTo(pages, request);
  const headers = {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    ...(status === 405 && { allow: "GET, HEAD" }),
  };
  response.writeHead(status, headers).end(request.method === "HEAD" ? undefined : body);
}

async function answerTo(
  pages: Record<string, () => Promise<Answer>>,
  { method, url }: IncomingMessage,
): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return json(405, { error: "only GET and HEAD" });
  const path = (url ?? "/").split("?", 1)[0]!;
  if (!Object.hasOwn(pages, path)) return json(404, { error: `only ${Object.keys(pages).join(", ")}` });
  return pages[path]!().catch(() => json(500, { error: "could not be answered" }));
}

async function readyAnswer(readiness: HttpOptions["readiness"]): Promise<Answer> {
  const late = new Promise<Checks>((resolve) =>
    setTimeout(resolve, READINESS_TIMEOUT_MS, { answeredInTime: false }).unref(),
  );
  const checks = await Promise.race([readiness(), late]);
  const ready = Object.values(checks).every(Boolean);
  return json(ready ? 200 : 503, { ready, checks });
}

function json(status: number, body: object): Answer {
  return { status, contentType: "application/json", body: JSON.stringify(body) };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
