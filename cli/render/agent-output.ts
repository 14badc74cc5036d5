import { outputRef } from "../../shared/contract/events.ts";
import { shorten, shortValue } from "./text.ts";

/** Where an output has a text that is meant for people, it stands under one of these. */
const FOR_PEOPLE = ["text", "markdown"] as const;

/** What an agent made, short: its text for people if it has one, else all of it as JSON; of what stands elsewhere, where. */
export function outputText(output: unknown, width: number): string {
  const reference = outputRef.safeParse(output).data;
  if (reference) return shorten(`${reference.bytes} bytes, in ${reference.$ref}`, width);
  const fields: Record<string, unknown> = typeof output === "object" && output !== null ? { ...output } : {};
  const text = FOR_PEOPLE.map((field) => fields[field]).find((value) => typeof value === "string");
  return shortValue(text ?? output, width);
}

/** The path of the file that an agent says it has written. */
export function fileOf(output: unknown): string | undefined {
  const isReport = typeof output === "object" && output !== null && "path" in output && "markdown" in output;
  return isReport && typeof output.path === "string" ? output.path : undefined;
}
