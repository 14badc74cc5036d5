import { oneLine, shorten } from "../render/text.ts";
import { duration, offset } from "../render/time.ts";
import { known, type Block, type PageLog, type Pairs } from "./page-block.ts";
import { logBlock } from "./page-logs.ts";
import { rounded } from "./rounded.ts";
import type { TraceRow } from "./rows.ts";
import type { Span } from "./span.ts";
import {
  isFailure,
  isTaken,
  linksOf,
  namedStep,
  nameOf,
  placeOf,
  remarksOf,
  servicesOf,
  signOf,
  spansOf,
  type LinkTarget,
  type Remark,
  type Sign,
} from "./words.ts";

/** A piece of a row in time, in milliseconds after the begin of the trace. `delay` is that of a timer. */
export type PageBar = {
  is: "sent" | "delay" | "wait" | "work" | "part";
  service: number;
  at: number;
  ms: number;
};

type Place = Pick<TraceRow, "depth" | "rail" | "begins" | "goesOn" | "isCritical">;

/** A row of the waterfall: a message with its sending, waiting and handling, or a part of the handling above it. */
export type PageRow = Place & {
  name: string;
  /** Who did it, in words. */
  who: string;
  /** The step that it belongs to. */
  step?: string;
  /** The step, where the row is to show it. */
  chip?: string;
  /** Whether a first look at a long trace can do without it. */
  isMinor: boolean;
  isFailed: boolean;
  /** The sign of a message. */
  bullet: Sign | "";
  remarks: readonly Remark[];
  /** How many log lines of its spans are warnings, or worse. */
  warnings: number;
  /** The rows that it links to. */
  links: readonly number[];
  bars: readonly PageBar[];
  /** How long the handling took, or the sending of what nobody handled. */
  took: string;
  /** All of it as one sentence, for who cannot see the bars. */
  label: string;
  /** The ids of its spans; the last one stands for it. */
  spans: readonly string[];
  blocks: readonly Block[];
};

/** What the rows are drawn from beside themselves. */
export type RowSource = {
  beginMs: number;
  services: readonly string[];
  logs: ReadonlyMap<string, readonly PageLog[]>;
};

const TEXT_WIDTH = 300;
/** A decision tells of at most 16 candidates, each as an event. */
const MOST_EVENTS = 32;

/** The rows of a trace as a page shows them. */
export function pageRows(rows: readonly TraceRow[], source: RowSource): PageRow[] {
  const links = linksOf(rows);
  const backLinks = backLinksOf(rows, links);
  return rows.map((row, i) => pageRow(row, { to: links[i]!, from: backLinks[i]! }, source));
}

const WARNINGS: ReadonlySet<string> = new Set(["warn", "error", "fatal"]);

function isWarning({ level }: PageLog): boolean {
  return WARNINGS.has(level);
}

type Links = { to: readonly LinkTarget[]; from: readonly LinkTarget[] };

function pageRow(row: TraceRow, { to, from }: Links, source: RowSource): PageRow {
  const { part, step } = row;
  const spans = spansOf(row);
  const chip = namedStep(row);
  const isFailed = isFailure(row);
  return {
    ...placeOn(row),
    name: shorten(nameOf(row), TEXT_WIDTH),
    who: oneLine(servicesOf(row)),
    ...(step !== undefined && { step: oneLine(step) }),
    ...(chip !== undefined && { chip: oneLine(chip) }),
    isMinor: !row.isCritical && !isFailed && to.length === 0 && (part !== undefined || !isTaken(row)),
    isFailed,
    bullet: part === undefined ? signOf(row) : "",
    remarks: remarksOf(row).map(({ text, isError }) => ({ text: shorten(text, TEXT_WIDTH), isError })),
    links: to.flatMap((link) => link.row ?? []),
    warnings: spans.flatMap(({ spanId }) => source.logs.get(spanId) ?? []).filter(isWarning).length,
    bars: barsOf(row, source),
    took: duration(spans.at(-1)!.durationMs),
    label: labelOf(row, source),
    spans: spans.map(({ spanId }) => spanId),
    blocks: [
      ...jumpBlock("Linked to", to),
      ...jumpBlock("Linked from", from),
      ...spans.map((span) => spanBlock(span, source)),
    ],
  };
}

function placeOn({ depth, rail, begins, goesOn, isCritical }: TraceRow): Place {
  return { depth, rail, ...(begins && { begins }), goesOn, isCritical };
}

function barsOf({ sent, work, part }: TraceRow, { beginMs, services }: RowSource): PageBar[] {
  const bar = (is: PageBar["is"], { service }: Span, [fromMs, toMs]: readonly [number, number]): PageBar => {
    return {
      is,
      service: services.indexOf(service),
      at: rounded(fromMs - beginMs),
      ms: rounded(toMs - fromMs),
    };
  };
  const whole = (is: PageBar["is"], span: Span | undefined): PageBar[] =>
    span ? [bar(is, span, [span.startMs, span.startMs + span.durationMs])] : [];
  const storedMs = work ? work.startMs - (work.queueWaitMs ?? 0) : 0;
  const sentMs = sent ? sent.startMs + sent.durationMs : Infinity;
  return [
    ...(work && storedMs > sentMs ? [bar("delay", work, [sentMs, storedMs])] : []),
    ...(work && storedMs < work.startMs ? [bar("wait", work, [storedMs, work.startMs])] : []),
    ...whole("sent", sent),
    ...whole("work", work),
    ...whole("part", part),
  ];
}

function labelOf(row: TraceRow, { beginMs }: RowSource): string {
  const { sent, work, part, isCritical } = row;
  const step = namedStep(row);
  const main = work ?? part;
  return [
    shorten(nameOf(row), TEXT_WIDTH),
    oneLine(servicesOf(row)).replace("→", "to").trim(),
    ...(step !== undefined ? [`step ${oneLine(step)}`] : []),
    `at ${offset(spansOf(row)[0]!.startMs - beginMs)}`,
    ...(sent ? [`sending ${duration(sent.durationMs)}`] : []),
    ...(work?.queueWaitMs === undefined ? [] : [`waited ${duration(work.queueWaitMs)}`]),
    ...(main ? [`took ${duration(main.durationMs)}`] : []),
    ...(isCritical ? ["on the critical path"] : []),
    ...remarksOf(row).map(({ text }) => shorten(text, TEXT_WIDTH)),
  ].join(", ");
}

/** The other way round: which rows link to each. */
function backLinksOf(rows: readonly TraceRow[], links: readonly (readonly LinkTarget[])[]): LinkTarget[][] {
  const from = rows.map((): LinkTarget[] => []);
  for (const [i, targets] of links.entries()) {
    for (const target of new Set(targets.map(({ row }) => row))) {
      if (target !== undefined) from[target]!.push({ row: i, ...placeOf(rows[i]!) });
    }
  }
  return from;
}

function jumpBlock(title: string, targets: readonly LinkTarget[]): Block[] {
  const jumps = targets.map(({ row, name, step = "" }) => {
    return { ...(row !== undefined && { row }), name: shorten(`${name} ${step}`, TEXT_WIDTH) };
  });
  return jumps.length === 0 ? [] : [{ title: `${title} (${jumps.length})`, isFolded: false, jumps }];
}

function spanBlock(span: Span, { beginMs, services, logs }: RowSource): Block {
  const { spanId, name, service, startMs, durationMs, queueWaitMs, error } = span;
  const attributes = attributePairs(span.attributes);
  return {
    title: shorten(name, TEXT_WIDTH),
    service: services.indexOf(service),
    facts: known([
      ["service", oneLine(service)],
      ["began", offset(startMs - beginMs)],
      ["took", duration(durationMs)],
      ["waited", queueWaitMs === undefined ? undefined : `${duration(queueWaitMs)} in its stream before`],
      ["error", error === undefined ? undefined : shorten(error, TEXT_WIDTH)],
      ["span", spanId],
    ]),
    blocks: [
      ...(span.events ?? []).slice(0, MOST_EVENTS).map((event) => ({
        title: shorten(event.name, TEXT_WIDTH),
        facts: attributePairs(event.attributes),
      })),
      ...logBlock("Log lines", logs.get(spanId) ?? []),
      ...(attributes.length === 0
        ? []
        : [{ title: `Attributes (${attributes.length})`, isFolded: true, facts: attributes }]),
    ],
  };
}

function attributePairs(attributes: Span["attributes"]): Pairs {
  return Object.entries(attributes).map(([key, value]) => {
    return [shorten(key, TEXT_WIDTH), shorten(String(value), TEXT_WIDTH)] as const;
  });
}
