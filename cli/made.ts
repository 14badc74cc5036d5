/**
 * How a result came about, where its agent says that nothing was done for it: it only played the part, or a model wrote
 * a text about it. The words that stand behind the agent's name.
 */
export type Made = "simulated" | "text only";

/** What an output says of itself: `simulated: true`, or that it is of the kind `text`. */
export function madeOf(output: unknown): Made | undefined {
  if (typeof output !== "object" || output === null) return undefined;
  const { simulated, kind } = output as { simulated?: unknown; kind?: unknown };
  if (simulated === true) return "simulated";
  return kind === "text" ? "text only" : undefined;
}

/** A name, and behind it how its result came about. */
export function named(name: string, made: Made | undefined): string {
  return made === undefined ? name : `${name} (${made})`;
}
