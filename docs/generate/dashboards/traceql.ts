import { ATTRIBUTE, SPANS, type SpanName, type SpanRow } from "../../../shared/telemetry/names.ts";

type Key = keyof typeof ATTRIBUTE;

/** An attribute of spans, as TraceQL calls it. */
export const attribute = (key: Key): string => `span.${ATTRIBUTE[key]}`;

/** A condition on an attribute: `span.genesis.outcome != "completed"`. */
export const holds = (key: Key, sign: "=" | "!=" | ">" | "<", value: string | number | boolean): string =>
  `${attribute(key)} ${sign} ${JSON.stringify(value)}`;

/** Spans of a name, of which all the conditions hold. */
export const named = (name: SpanName, ...conditions: readonly string[]): string =>
  `{ ${[isNamed(name, SPANS[name]), ...conditions].join(" && ")} }`;

function isNamed(name: SpanName, { namedAfter }: SpanRow): string {
  return namedAfter === undefined ? `name = "${name}"` : `name =~ "${name} .+"`;
}

/** Spans of a service, of which all the conditions hold. */
export const ofService = (service: string, ...conditions: readonly string[]): string =>
  `{ ${[`resource.service.name = "${service}"`, ...conditions].join(" && ")} }`;

/** The spans of one run, by its own id or by the correlation id of the request, whichever the variable holds. */
export function ofRun(variable: string): string {
  const keys: readonly Key[] = ["run", "conversationId", "genAiConversation"];
  return `{ ${keys.map((key) => `${attribute(key)} = "\${${variable}}"`).join(" || ")} }`;
}

/** The spans of one kind below those of another: a decision carries no run id of its own, the message above it does. */
export const below = (above: string, spans: string): string => `${above} >> ${spans}`;

/** With these attributes as columns. */
export const showing = (spans: string, ...keys: readonly Key[]): string =>
  `${spans} | select(${keys.map(attribute).join(", ")})`;
