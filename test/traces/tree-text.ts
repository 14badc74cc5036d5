import { ATTRIBUTE, type AttributeKey } from "../../shared/telemetry/names.ts";
import type { FileSpan } from "../support/trace-files.ts";

/**
 * Traces as canonical text: one line a span, indented by its parent, with its kind, its service, what it says of itself, its
 * links and its failure. Ids, times and sizes are left out and siblings stand in the order of their text, so that the same
 * course of a run always gives the same text.
 */

/** What every message says of itself; that it does is asserted of all messages at once, and not line by line. */
export const ON_EVERY_MESSAGE: readonly AttributeKey[] = [
  ATTRIBUTE.layer,
  ATTRIBUTE.serverAddress,
  ATTRIBUTE.serverPort,
  ATTRIBUTE.messagingSystem,
  ATTRIBUTE.messagingOperationName,
  ATTRIBUTE.messagingOperationType,
  ATTRIBUTE.messagingDestination,
  ATTRIBUTE.messagingTemplate,
  ATTRIBUTE.messageBytes,
];
/** What one says beside that has an id; a timer has none. */
export const ON_EVERY_MESSAGE_WITH_AN_ID: readonly AttributeKey[] = [ATTRIBUTE.messageId];
/** What one that belongs to a run says beside. */
export const ON_EVERY_MESSAGE_OF_A_RUN: readonly AttributeKey[] = [ATTRIBUTE.run, ATTRIBUTE.conversationId];
/** And what one that was delivered says. */
export const ON_EVERY_DELIVERY: readonly AttributeKey[] = [
  ATTRIBUTE.messagingConsumer,
  ATTRIBUTE.natsStream,
  ATTRIBUTE.natsSequence,
  ATTRIBUTE.natsDeliveryCount,
  ATTRIBUTE.natsQueueWait,
];

/** Attributes whose values are ids and measures, or follow from the shipped catalogues: only that they are there is told. */
const ELIDED = new Set<AttributeKey>([
  ATTRIBUTE.run,
  ATTRIBUTE.genAiConversation,
  ATTRIBUTE.natsQueueWait,
  ATTRIBUTE.serverPort,
  ATTRIBUTE.ruleSetVersion,
  ATTRIBUTE.ruleSetHash,
  ATTRIBUTE.explanation,
  ATTRIBUTE.margin,
  ATTRIBUTE.qualityScore,
  ATTRIBUTE.checkScore,
]);

/** A span that another one belongs to and that none of our processes has written. */
const SOMEBODY_ELSES = "(a span of somebody else)";

/** What stands for the same thing wherever it happens to stand: `alike` are steps of which any may be the last to end. */
export type TextOptions = { alike?: RegExp };

/** The text of all these spans: a tree for each root, the traces apart. */
export function treeText(spans: readonly FileSpan[], { alike }: TextOptions = {}): string {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const children = Map.groupBy(spans, ({ parentSpanId }) => parentSpanId ?? "");
  const stepOf = ({ attributes }: FileSpan): string | undefined => {
    const step = attributes[ATTRIBUTE.step];
    return step !== undefined && alike?.test(step) ? "(any)" : step;
  };

  const lines = (span: FileSpan): string[] => [
    lineOf(span, byId, stepOf),
    ...below(children.get(span.spanId) ?? []).map((line) => `  ${line}`),
  ];
  const below = (siblings: readonly FileSpan[]): string[] => {
    const told = siblings.filter((span) => !isPassedOver(span, children.has(span.spanId)));
    return counted(told.map((span) => lines(span).join("\n"))).flatMap((text) => text.split("\n"));
  };

  const traces = [...Map.groupBy(spans, ({ traceId }) => traceId).values()].map((trace): string => {
    const roots = trace.filter(({ parentSpanId }) => parentSpanId === undefined);
    const orphans = trace.filter(({ parentSpanId }) => parentSpanId !== undefined && !byId.has(parentSpanId));
    const adopted = [...Map.groupBy(orphans, ({ parentSpanId }) => parentSpanId).values()].map((siblings) =>
      [SOMEBODY_ELSES, ...below(siblings).map((line) => `  ${line}`)].join("\n"),
    );
    return [...below(roots), ...counted(adopted)].join("\n");
  });
  const text = traces
    .toSorted((a, b) => Number(isOfRun(b)) - Number(isOfRun(a)) || inOrder(a, b))
    .join("\n\n");
  return text === "" ? "(nothing)\n" : `${text}\n`;
}

/** The trace that a run began with goes before those that it went on in. */
function isOfRun(text: string): boolean {
  return text.startsWith("publish genesis.v1.task.submitted");
}

/**
 * The alarm of an attempt is set after its dispatch, and only while nobody has answered: whether it is depends on how fast
 * the agent was. One that has fired is told, since its span has children.
 */
function isPassedOver({ name, attributes }: FileSpan, hasChildren: boolean): boolean {
  return name === "publish genesis.timers.set" && ATTRIBUTE.step in attributes && !hasChildren;
}

function lineOf(
  span: FileSpan,
  byId: ReadonlyMap<string, FileSpan>,
  stepOf: (span: FileSpan) => string | undefined,
): string {
  const { name, kind, service, events, links, error } = span;
  const targets = links.map(({ spanId, attributes }) => {
    const target = byId.get(spanId);
    const what =
      target === undefined ? SOMEBODY_ELSES : [target.name, stepOf(target)].filter(Boolean).join(" ");
    return `${attributes[ATTRIBUTE.linkReason]}: ${what}`;
  });
  return [
    `${name} [${kind} ${service}]`,
    ...toldOf(span, stepOf(span)),
    ...counted(events.map((event) => `event: ${event.name}`)),
    ...counted(targets).map((target) => `-> ${target}`),
    ...(error === undefined ? [] : [`ERROR ${error}`]),
  ].join(" | ");
}

function toldOf({ attributes, kind }: FileSpan, step: string | undefined): string[] {
  const isMessage = kind === "CONSUMER" || kind === "PRODUCER";
  const assumed = new Set<string>([
    ...(isMessage ? [...ON_EVERY_MESSAGE, ...ON_EVERY_MESSAGE_WITH_AN_ID, ...ON_EVERY_MESSAGE_OF_A_RUN] : []),
    ...(kind === "CONSUMER" ? ON_EVERY_DELIVERY : []),
  ]);
  const isAgain = attributes[ATTRIBUTE.natsDeliveryCount] !== "1";
  return Object.entries({ ...attributes, ...(step !== undefined && { [ATTRIBUTE.step]: step }) })
    .filter(([key]) => !assumed.has(key) || (key === ATTRIBUTE.natsDeliveryCount && isAgain))
    .map(([key, value]) => `${key}=${ELIDED.has(key as AttributeKey) ? "…" : value}`)
    .toSorted(inOrder);
}

/** Texts in their order, each once and with how often it is there. */
function counted(texts: readonly string[]): string[] {
  return [...Map.groupBy(texts, (text) => text)]
    .map(([text, same]) => (same.length === 1 ? text : `${same.length} × ${text}`))
    .toSorted(inOrder);
}

const { compare: inOrder } = new Intl.Collator("en", { numeric: true });
