import {
  MappingType,
  type Threshold,
  type ValueMap,
  type ValueMappingResult,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** How a value is judged: from which number on it has which colour, and which word and colour a single value has. */
export type Colours = { steps: readonly Threshold[]; mapping?: ValueMap };

/** No judgement. It has to be said: where nothing is, Grafana makes everything from 80 on red. */
export const PLAIN: Colours = { steps: [{ value: null, color: "text" }] };

/** What must not grow. @param orange from where on it is worth a look; no more than `red` */
export function redFrom(red: number, orange = red): Colours {
  return {
    steps: [
      { value: null, color: "green" },
      ...(orange < red ? [{ value: orange, color: "orange" }] : []),
      { value: red, color: "red" },
    ],
  };
}

/** What should not grow, and is no fault while it does. */
export function orangeFrom(orange: number): Colours {
  return {
    steps: [
      { value: null, color: "green" },
      { value: orange, color: "orange" },
    ],
  };
}

/** What must not run out: red below the first number, orange below the second. */
export function redBelow(red: number, orange: number): Colours {
  return {
    steps: [
      { value: null, color: "red" },
      { value: red, color: "orange" },
      { value: orange, color: "green" },
    ],
  };
}

/** The same for an area behind lines: what is good is not painted. */
export function behindLines({ steps }: Colours): Colours {
  return {
    steps: steps.map((step) => (step.color === "green" ? { ...step, color: "transparent" } : step)),
  };
}

/** Of what is 1 or 0. */
export const UP_OR_DOWN: Colours = {
  steps: [
    { value: null, color: "red" },
    { value: 1, color: "green" },
  ],
  mapping: mapping({ 0: { text: "down", color: "red" }, 1: { text: "up", color: "green" } }),
};

/** Of alerts. */
export const SEVERITIES: Colours = {
  ...PLAIN,
  mapping: mapping({
    critical: { color: "red" },
    warning: { color: "orange" },
    info: { color: "blue" },
    none: { color: "green" },
  }),
};

function mapping(options: Readonly<Record<string, ValueMappingResult>>): ValueMap {
  return { type: MappingType.ValueToText, options };
}
