import { OTHER, type LabelRow, type MetricRow } from "./names.ts";

export type Labels = Record<string, string>;

/** One label set of a metric. */
export type LabelSet = {
  readonly labels: Labels;
  /** When something was recorded under it, on the process's own clock. */
  touchedMs: number;
  /** Whether it stays, however long nothing is recorded under it. */
  isKept: boolean;
  /** Whether it has labels, and every one of them is `other`. */
  readonly isOverflow: boolean;
};

/** The label sets that a metric has in this process. */
export type LabelSets = {
  readonly row: MetricRow;
  readonly labelNames: readonly string[];
  /** Series that each label set takes: of a histogram one per bucket, and three more. */
  readonly lines: number;
  /** Whether there is a place for every label set that it can have: of a counter whose values are all listed. */
  readonly isPaid: boolean;
  readonly byKey: Map<string, LabelSet>;
};

/**
 * Series that the table's metrics may have in one process; Node's own take less than 29, so a scrape stays under 500.
 * Counters have their label set of `other`s paid for in advance, and those whose values are all listed have all of
 * them, so that there is always a place left to count, and accounts of what was exported or dropped stay exact.
 */
const MAX_SERIES = 470;
/** Of them, what only the `other`s of histograms may take: of the largest, or of two or three others. */
const FOR_OTHER_TIMES = 23;

let series = 0;
/** Of each label whose values are listed elsewhere, the values in use, and by how many label sets. */
const inUse = new Map<LabelRow, Map<string, number>>();

/** Makes room for a metric. */
export function openLabelSets(row: MetricRow): LabelSets {
  const lines = row.buckets === undefined ? 1 : row.buckets.length + 3;
  const labels = Object.values(row.labels);
  const isPaid = labels.length === 0 || (row.kind === "counter" && !labels.some(isOpen));
  const sets = labels.reduce((product, label) => product * ("values" in label ? label.values.length : 1), 1);
  if (isPaid) series += sets * lines;
  else if (row.kind !== "histogram") series += lines;
  return { row, labelNames: Object.keys(row.labels), lines, isPaid, byKey: new Map() };
}

/**
 * Makes every label set of a counter whose values are all listed. Returns them; none of a metric that others' values
 * make sets of.
 */
export function listedLabelSets(sets: LabelSets): LabelSet[] {
  if (sets.row.kind !== "counter" || !sets.isPaid) return [];
  const all = Object.entries(sets.row.labels).reduce<Labels[]>(
    (some, [name, row]) =>
      some.flatMap((labels) => valuesOf(row).map((value) => ({ ...labels, [name]: value }))),
    [{}],
  );
  return all.map((labels) => added(sets, keyOf(sets, labels), labels));
}

function valuesOf(row: LabelRow): readonly string[] {
  return "values" in row ? row.values : [];
}

/**
 * The label set under which labels are counted: their own; or, where a value is beyond its bounds, one with `other`
 * in its place; or, where the process has as many series as it may have, the one of `other`s alone; or, of a histogram
 * for which not even that has a place, none. @param onRefused told of the last two cases
 */
export function labelSetOf(sets: LabelSets, labels: Labels, onRefused: () => void): LabelSet | undefined {
  return sets.byKey.get(keyOf(sets, labels)) ?? admitted(sets, labels, onRefused);
}

/** Takes away the label sets for which `isOld` says so, and gives their place to others. Returns what they were. */
export function dropLabelSets(sets: LabelSets, isOld: (set: LabelSet) => boolean): LabelSet[] {
  const old = [...sets.byKey].filter(([, set]) => isOld(set));
  for (const [key, set] of old) {
    sets.byKey.delete(key);
    account(sets, set, -1);
  }
  return old.map(([, set]) => set);
}

/** Whether a metric can get label sets that the table does not foresee. */
export function canGrow({ row }: LabelSets): boolean {
  return Object.values(row.labels).some(isOpen);
}

function admitted(sets: LabelSets, asked: Labels, onRefused: () => void): LabelSet | undefined {
  const bounded = mapLabels(sets, (name, row) => {
    const value = asked[name] ?? "";
    return mayTake(row, value) ? value : OTHER;
  });
  const known = sets.byKey.get(keyOf(sets, bounded));
  if (known !== undefined) return known;
  if (hasRoom(sets, bounded)) return added(sets, keyOf(sets, bounded), bounded);
  onRefused();
  const others = mapLabels(sets, () => OTHER);
  const key = keyOf(sets, others);
  return sets.byKey.get(key) ?? (hasRoom(sets, others) ? added(sets, key, others) : undefined);
}

function hasRoom({ row, lines, isPaid, labelNames }: LabelSets, labels: Labels): boolean {
  if (isPaid) return true;
  const isOverflow = isOther(labelNames, labels);
  if (isOverflow && row.kind !== "histogram") return true;
  return series + lines <= MAX_SERIES - (isOverflow ? 0 : FOR_OTHER_TIMES);
}

function isOther(labelNames: readonly string[], labels: Labels): boolean {
  return labelNames.length > 0 && labelNames.every((name) => labels[name] === OTHER);
}

function added(sets: LabelSets, key: string, labels: Labels): LabelSet {
  const set = { labels, touchedMs: 0, isKept: false, isOverflow: isOther(sets.labelNames, labels) };
  sets.byKey.set(key, set);
  account(sets, set, 1);
  return set;
}

/** Takes the place of a label set, or gives it back. */
function account({ row, lines, isPaid }: LabelSets, { labels, isOverflow }: LabelSet, sets: 1 | -1): void {
  if (isPaid || (isOverflow && row.kind !== "histogram")) return;
  series += sets * lines;
  for (const [name, label] of Object.entries(row.labels)) {
    const value = labels[name]!;
    if (!isOpen(label) || value === OTHER) continue;
    let values = inUse.get(label);
    if (values === undefined) inUse.set(label, (values = new Map()));
    const users = (values.get(value) ?? 0) + sets;
    if (users > 0) values.set(value, users);
    else values.delete(value);
  }
}

function mayTake(row: LabelRow, value: string): boolean {
  if ("values" in row) return row.values.includes(value);
  const known = inUse.get(row);
  return known === undefined || known.has(value) || known.size < row.atMost;
}

function isOpen(row: LabelRow): boolean {
  return "atMost" in row;
}

function mapLabels({ row }: LabelSets, valueOf: (name: string, row: LabelRow) => string): Labels {
  return Object.fromEntries(Object.entries(row.labels).map(([name, label]) => [name, valueOf(name, label)]));
}

function keyOf({ labelNames }: LabelSets, labels: Labels): string {
  let key = "";
  for (const name of labelNames) key += `${labels[name] ?? ""}\0`;
  return key;
}
