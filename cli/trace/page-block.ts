/** Keys and values for people, in their order. */
export type Pairs = readonly (readonly [key: string, value: string])[];

/** Something that the page tells in its panel: a title, and below it whatever of the rest is there. */
export type Block = {
  title: string;
  /** Whether it folds up, and is folded at first. */
  isFolded?: boolean;
  /** The service whose colour it bears. */
  service?: number;
  texts?: readonly string[];
  facts?: Pairs;
  table?: readonly (readonly string[])[];
  /** Rows of the trace to go to; one without a place is elsewhere. */
  jumps?: readonly { row?: number; name: string }[];
  logs?: readonly PageLog[];
  blocks?: readonly Block[];
};

/** A log line as the panel tells it. */
export type PageLog = { when: string; level: string; message: string; rest: string };

/** Only the pairs that have a value. */
export function known(pairs: readonly (readonly [key: string, value: string | undefined])[]): Pairs {
  return pairs.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
}
