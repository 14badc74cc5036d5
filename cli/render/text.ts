/**
 * Text from outside on its way to a terminal. Whoever submits a task or writes an agent chooses titles, goals and outputs;
 * on a terminal some characters are commands, and others turn the text around them, so that a line could lie.
 */

/** C0 and C1 controls, line and paragraph separators, marks that change the direction, and what joins or hides characters. */
const COMMANDS =
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

const VISIBLE: Record<string, string> = { "\n": "\u23ce", "\r": "\u23ce", "\t": " " };

/** The text on one line, with every character that a terminal would obey made visible. */
export function oneLine(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(COMMANDS, (c) => VISIBLE[c] ?? escaped(c));
}

/** The text on one line of at most `width` characters, an ellipsis where it was cut. */
export function shorten(text: string, width: number): string {
  // No more than a terminal could show is ever looked at: outputs may have hundreds of kilobytes.
  const characters = Array.from(oneLine(text.slice(0, width * 4)).trim());
  const fits = characters.length <= width && text.length <= width * 4;
  return fits
    ? characters.join("")
    : `${characters
        .slice(0, width - 1)
        .join("")
        .trimEnd()}…`;
}

/** Any value as short text: strings as they are, everything else as JSON. */
export function shortValue(value: unknown, width: number): string {
  return shorten(typeof value === "string" ? value : jsonText(value), width);
}

/** JSON of one line that is safe on a terminal as well: what `JSON.stringify` lets through is escaped, the value stays the same. */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent) ?? "null";
  return indent === undefined
    ? text.replaceAll(COMMANDS, escaped)
    : text.replaceAll(COMMANDS, (c) => (c === "\n" ? c : escaped(c)));
}

/** A number of things, e.g. `1 step`, `2 steps`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
