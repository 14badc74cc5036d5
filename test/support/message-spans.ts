import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";

/** The span of somebody who sends a message or handles one, as little of it as the Collector needs. */
export type MessageSpan = {
  service: string;
  kind: "PRODUCER" | "CONSUMER" | "CLIENT";
  /** The message's subject without its ids; undefined for what is no message. */
  template?: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
};

/** OTLP's numbers for the kinds of span. */
const KINDS = { CLIENT: 3, PRODUCER: 4, CONSUMER: 5 };
/** Below the 4 MiB that one request may have. */
const BATCH = 5000;

/** The span of a message that a service sends, in a trace of its own. */
export function sent(service: string, template: string): MessageSpan {
  return { service, kind: "PRODUCER", template, traceId: id(16), spanId: id(8) };
}

/** The span of a service that handles a message. */
export function handled(service: string, message: MessageSpan): MessageSpan {
  return { ...message, service, kind: "CONSUMER", spanId: id(8), parentSpanId: message.spanId };
}

/** The span of a question to somebody who has no spans. */
export function asked(service: string): MessageSpan {
  return { service, kind: "CLIENT", traceId: id(16), spanId: id(8) };
}

/** Sends spans over HTTP, and waits until all are accepted. @param url of the Collector's OTLP receiver */
export async function sendMessageSpans(url: string, spans: readonly MessageSpan[]): Promise<void> {
  for (let first = 0; first < spans.length; first += BATCH) {
    const answer = await fetch(`${url}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ resourceSpans: spans.slice(first, first + BATCH).map(resourceSpan) }),
    });
    assert.equal(answer.status, 200, await answer.text());
  }
}

function resourceSpan({ service, kind, template, ...ids }: MessageSpan): object {
  const now = `${Date.now()}000000`;
  const span = {
    ...ids,
    kind: KINDS[kind],
    name: "flood",
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    attributes: template === undefined ? [] : [attribute("messaging.destination.template", template)],
  };
  return {
    resource: { attributes: [attribute("service.name", service)] },
    scopeSpans: [{ spans: [span] }],
  };
}

const id = (bytes: number): string => randomBytes(bytes).toString("hex");
const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
