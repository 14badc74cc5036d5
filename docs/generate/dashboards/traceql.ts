import { ATTRIBUTE, SPANS, type SpanName, type SpanRow } from "../../../shared/telemetry/names.ts";

type Key = keyof typeof ATTRIBUTE;

/** An attribute of spans, as TraceQL calls it. */
export const attribute = (key: Key): string => `span.${ATTRIBUTE[key]}`;

/** A condition on an attribute: `span.genesis.outcome != "completed"`. */
export const holds = (
  key: Key,
  sign: "=" | "!=" | "=~" | ">" | "<",
  value: string | number | boolean,
): string => `${attribute(key)} ${sign} ${JSON.stringify(value)}`;

/**
 * That a number is below a bound. A 0 is stored as an integer, and Tempo looks for what is below a fraction among fractions alone.
 * @param bound a fraction above 0
 */
export const below = (key: Key, bound: number): string =>
  `(${holds(key, "<", bound)} || ${holds(key, "=", 0)})`;

/** Spans of a name, of which all the conditions hold. */
export const named = (name: SpanName, ...conditions: readonly string[]): string =>
  `{ ${[isNamed(name, SPANS[name]), ...conditions].join(" && ")} }`;

function isNamed(name: SpanName, { namedAfter }: SpanRow): string {
  return namedAfter === undefined ? `name = "${name}"` : `name =~ "${name} .+"`;
}

/**
 * What a stage has done: the spans of its service; and of the stage `agents` what any process of any agent has handled, which
 * the durable that a message came from, `agent-NAME-LANE`, tells.
 */
export const ofStage = (stage: string): string =>
  `{ resource.service.name = "${stage}" || ${holds("messagingConsumer", "=~", `${stage}?-.+`)} }`;

/** Spans of a service, of which all the conditions hold. */
export const ofService = (service: string, ...conditions: readonly string[]): string =>
  `{ ${[`resource.service.name = "${service}"`, ...conditions].join(" && ")} }`;

/** The spans of one run, by its own id or by the correlation id of the request, whichever the variable holds. */
export function ofRun(variable: string): string {
  const keys: readonly Key[] = ["run", "conversationId", "genAiConversation"];
  return `{ ${keys.map((key) => `${attribute(key)} = "\${${variable}}"`).join(" || ")} }`;
}

/** The spans of one kind below those of another: a decision carries no run id of its own, the message above it does. */
export const within = (above: string, spans: string): string => `${above} >> ${spans}`;

/** With these attributes as columns. */
export const showing = (spans: string, ...keys: readonly Key[]): string =>
  `${spans} | select(${keys.map(attribute).join(", ")})`;

/** The newest ones of them: Tempo otherwise comes back with those that it finds first. */
export const newest = (spans: string): string => `${spans} with (most_recent=true)`;
