import { once } from "node:events";
import { connect } from "node:net";

/**
 * A message as bytes on the wire: what no client library lets through. `block` is the header block, without it there
 * is none.
 */
export type RawMessage = { subject: string; reply?: string; block?: string; payload: string | Uint8Array };

/** Publishes messages by the bare NATS protocol, in order, and returns when the broker has read them all. */
export async function publishRaw(port: number, messages: readonly RawMessage[]): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "data");
  const options = JSON.stringify({
    verbose: false,
    headers: true,
    no_responders: false,
    lang: "raw",
    version: "0",
  });
  socket.write(`CONNECT ${options}\r\n`);
  for (const { subject, reply = "", block, payload } of messages) {
    const body = Buffer.from(payload as string);
    const headers = Buffer.from(block ?? "", "latin1");
    const total = headers.length + body.length;
    const to = `${subject} ${reply}`;
    const verb = block === undefined ? `PUB ${to} ${total}` : `HPUB ${to} ${headers.length} ${total}`;
    socket.write(Buffer.concat([Buffer.from(`${verb}\r\n`), headers, body, Buffer.from("\r\n")]));
  }
  socket.write("PING\r\n");
  for await (const chunk of socket) if (String(chunk).includes("PONG")) break;
  socket.destroy();
}
