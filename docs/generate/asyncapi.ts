import { stringify } from "yaml";
import packageJson from "../../package.json" with { type: "json" };
import { ERRORS } from "../../shared/contract/errors.ts";
import { EVENT_TYPES } from "../../shared/contract/events.ts";
import type { StreamSpec } from "../../shared/contract/streams.ts";
import { cellConsumers, cellStreams, STREAM_NAMES } from "./cell.ts";
import { CHANNELS, PARAMETERS, streamOf, type Channel } from "./channels.ts";
import { factMessage, inlineSchemas, MESSAGES } from "./messages.ts";
import { operations } from "./operations.ts";

const DESCRIPTION = `The bus of Genesis. Every fact about a run is one message in one JetStream stream, on a subject of its own, and the state
of a run is the fold of its facts. What the parties promise each other stands in contract.md; this document has the subjects,
messages and headers. It names the subjects of a cell with the default prefix; another cell's begin with its own.

JetStream has no binding of its own in AsyncAPI: \`x-jetstream-stream\` on a channel names the stream that stores its messages,
\`x-jetstream-consumer\` on an operation the durable consumer that they come by, and \`x-jetstream\` describes both.
`;

/** The bus as an AsyncAPI 3.0 document (https://www.asyncapi.com/docs/reference/specification/v3.0.0). */
export function asyncapi(): object {
  const messages = {
    ...MESSAGES,
    ...Object.fromEntries(EVENT_TYPES.map((type) => [type, factMessage(type)])),
  };
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Genesis",
      version: packageJson.version,
      description: DESCRIPTION,
      license: { name: packageJson.license, url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    defaultContentType: "application/json",
    servers: {
      local: { host: "127.0.0.1:4222", protocol: "nats", description: "what `genesis up` starts" },
    },
    channels: Object.fromEntries(
      Object.entries(CHANNELS).map(([name, channel]) => [name, channelObject(channel)]),
    ),
    operations: operations(),
    components: {
      messages,
      schemas: inlineSchemas(),
      parameters: PARAMETERS,
      correlationIds: {
        request: { location: "$message.header#/correlation-id", description: "one per user request" },
      },
    },
    "x-error-codes": ERRORS,
    "x-jetstream": { streams: publicStreams(), consumers: consumerObjects() },
  };
}

/** Claims are between the instances of our own agents: nobody outside reads or writes them. */
function publicStreams(): StreamSpec[] {
  return cellStreams().filter(({ name }) => name !== STREAM_NAMES.claims);
}

/** The document as YAML. */
export function asyncapiText(): string {
  return `# Made by docs/generate.ts out of shared/contract.\n${stringify(asyncapi(), { aliasDuplicateObjects: false, lineWidth: 0 })}`;
}

function channelObject(channel: Channel): object {
  const { address, title, description, messages } = channel;
  const names = [...(address ?? "").matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const parameters = Object.fromEntries(
    names.map((name) => [name, { $ref: `#/components/parameters/${name}` }]),
  );
  const stream = streamOf(channel);
  return {
    address,
    title,
    description,
    messages: Object.fromEntries(messages.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
    ...(names.length > 0 && { parameters }),
    ...(stream !== undefined && { "x-jetstream-stream": stream }),
  };
}

function consumerObjects(): object[] {
  return cellConsumers("{agent}").map(({ stream, ...rest }) => ({ stream: STREAM_NAMES[stream], ...rest }));
}
