import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { PROJECT_ROOT } from "../../shared/config.ts";
import { ERRORS } from "../../shared/contract/errors.ts";
import { EVENTS, EVENT_TYPES } from "../../shared/contract/events.ts";
import { HEADER } from "../../shared/contract/headers.ts";
import { STAGE_READS } from "../../shared/contract/streams.ts";
import { subjectsOf } from "../../shared/contract/subjects.ts";

/** The document as a reader has it, checked against itself and against the code. */

const DOCS = join(PROJECT_ROOT, "docs");

type Ref = { $ref: string };
type Channel = {
  address: string | null;
  messages: Record<string, Ref>;
  parameters?: Record<string, Ref>;
  "x-jetstream-stream"?: string;
};
type Reply = { channel: Ref; messages: Ref[] };
type Operation = Reply & { action: "send" | "receive"; reply?: Reply; "x-jetstream-consumer"?: string };
type Document = {
  channels: Record<string, Channel>;
  operations: Record<string, Operation>;
  components: { messages: Record<string, { payload: Ref; headers?: Ref }>; schemas: Record<string, object> };
  "x-error-codes": object;
  "x-jetstream": { streams: { name: string }[]; consumers: { stream: string; durable: string }[] };
};

const document = parse(readFileSync(join(DOCS, "asyncapi.yaml"), "utf8")) as Document;
const { channels, operations, components } = document;

/** Every `$ref` in a value. */
function refsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "$ref" in value ? [String(value.$ref)] : [];
  return [...own, ...Object.values(value).flatMap(refsIn)];
}

function resolve(ref: string): unknown {
  if (ref.startsWith("./")) {
    const file = join(DOCS, ref);
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
  }
  const path = ref.replace(/^#\//, "").split("/");
  return path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
}

const operationsOn = (channel: string) =>
  Object.entries(operations).filter(([, operation]) => operation.channel.$ref === `#/channels/${channel}`);

test("every reference leads somewhere", () => {
  const refs = refsIn(document);
  assert.ok(refs.length > 100);
  assert.deepEqual(
    refs.filter((ref) => resolve(ref) === undefined),
    [],
  );
});

test("every component is used", () => {
  const refs = new Set(refsIn(document));
  const made = Object.entries(components).flatMap(([kind, all]) =>
    Object.keys(all).map((name) => `#/components/${kind}/${name}`),
  );
  assert.deepEqual(
    made.filter((component) => !refs.has(component)),
    [],
  );
});

test("every type of fact has its channel, and its message with the schema of the whole fact", () => {
  const { parse: parseSubject } = subjectsOf("genesis");
  for (const type of EVENT_TYPES) {
    const { address, parameters = {}, messages } = channels[type]!;
    const subject = address!.replaceAll(/\{\w+\}/g, "1");
    const names = [...address!.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.deepEqual(parseSubject(subject).type, type);
    assert.deepEqual(Object.keys(parameters), names);
    assert.deepEqual(names, ["run", ...EVENTS[type].tokens.filter((token) => token !== "once")]);
    assert.deepEqual(messages, { [type]: { $ref: `#/components/messages/${type}` } });
    const schema = resolve(components.messages[type]!.payload.$ref) as {
      properties: { type: { const: string } };
    };
    assert.equal(schema.properties.type.const, type);
  }
});

test("every type of fact has who writes it, and every stage what it reads", () => {
  for (const type of EVENT_TYPES) {
    const names = operationsOn(type).map(([name]) => name);
    assert.ok(names.includes(`${EVENTS[type].writer}.sends.${type}`), type);
    for (const [stage, reads] of Object.entries(STAGE_READS)) {
      const isReader = (reads as readonly string[]).includes(type);
      const name = `${stage}.receives.${type}`;
      assert.equal(operations[name]?.["x-jetstream-consumer"], isReader ? stage : undefined, name);
    }
  }
});

test("an operation has the messages of its channel, and so has its reply", () => {
  for (const { reply, ...operation } of Object.values(operations)) {
    for (const { channel, messages } of reply ? [operation, reply] : [operation]) {
      const own = (resolve(channel.$ref) as Channel).messages;
      assert.deepEqual(
        messages.map(({ $ref }) => $ref),
        Object.keys(own).map((name) => `${channel.$ref}/messages/${name}`),
      );
    }
  }
});

test("every error code is there, with its message", () => {
  assert.deepEqual(document["x-error-codes"], ERRORS);
  const error = resolve(components.messages["error"]!.payload.$ref) as {
    properties: { code: { enum: string[] } };
  };
  assert.deepEqual(error.properties.code.enum, Object.keys(ERRORS));
});

test("every header is there", () => {
  const described = Object.values(components.schemas).flatMap((schema) =>
    "properties" in schema ? Object.keys(schema.properties as object) : [],
  );
  for (const name of Object.values(HEADER)) assert.ok(described.includes(name), name);
});

test("every stream stores a channel, and every consumer brings messages to an operation", () => {
  const { streams, consumers } = document["x-jetstream"];
  const stores = new Set(Object.values(channels).map((channel) => channel["x-jetstream-stream"]));
  for (const { name } of streams) assert.ok(stores.delete(name), name);
  assert.deepEqual([...stores], [undefined], "and no other");
  const used = new Set(
    Object.values(operations).flatMap((operation) => operation["x-jetstream-consumer"] ?? []),
  );
  const made = consumers.map(({ durable }) => durable.replace(/-(high|normal|low)$/, "-{lane}"));
  assert.deepEqual([...new Set(made)].toSorted(), [...used].toSorted());
});
