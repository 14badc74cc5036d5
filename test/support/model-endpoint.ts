import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

type Message = { role: string; content: string };
/** What an OpenAI-compatible client asked. */
export type Asked = {
  path: string;
  headers: IncomingHttpHeaders;
  body: { model: string; max_tokens?: number; messages: Message[] };
};

/** How the endpoint answers: with a text, a status of its own, a body of its own, or not at all. */
export type Answer = { text: string } | { status: number } | { body: string } | "never" | "hang up";

/** A local endpoint that speaks OpenAI's chat completions as far as the agents need it, and remembers what it was asked. */
export async function modelEndpoint(
  t: { after: (fn: () => void) => unknown },
  answer: Answer,
): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    asked.push({
      path: request.url ?? "",
      headers: request.headers,
      body: JSON.parse(await text(request)),
    });
    if (answer === "never") return;
    if (answer === "hang up") return void request.socket.destroy();
    response.setHeader("content-type", "application/json");
    if ("status" in answer) response.writeHead(answer.status).end('{"error":{"message":"no"}}');
    else response.end("body" in answer ? answer.body : completion(answer.text));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked };
}

function completion(content: string): string {
  return JSON.stringify({
    id: "c1",
    object: "chat.completion",
    created: 1_767_225_600,
    model: "model-1-2026",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }],
    usage: { prompt_tokens: 120, completion_tokens: 34, total_tokens: 154 },
  });
}
