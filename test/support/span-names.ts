import { SPANS, type SpanRow } from "../../shared/telemetry/names.ts";

/** Whether a span has a name of the table, or that of a message that is sent or handled. */
export function isNamed(name: string): boolean {
  const rows: [string, SpanRow][] = Object.entries(SPANS);
  return (
    /^(publish|process) genesis(\.[a-z0-9]+)+$/.test(name) ||
    rows.some(
      ([own, { namedAfter }]) => name === own || (namedAfter !== undefined && name.startsWith(`${own} `)),
    )
  );
}
