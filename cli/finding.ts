/** One thing that was looked at. A `note` is worth knowing and nothing is wrong; `todo` says what to do. */
export type Finding = { what: string; is: "good" | "note" | "bad"; says: string; todo?: string };

/** What went wrong, as a finding. */
export function bad(what: string, error: unknown, todo: string): Finding {
  return { what, is: "bad", says: error instanceof Error ? error.message : String(error), todo };
}

/** How an address answered: with a status, not in time, or not at all. */
export type Answer = { status: number } | "too late" | "nobody there";

/** Asks an address for a page. @param headers what the request carries beside what is usual */
export async function ask(
  url: string,
  withinMs: number,
  headers: Record<string, string> = {},
): Promise<Answer> {
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(withinMs) });
    await response.body?.cancel();
    return { status: response.status };
  } catch (error) {
    return error instanceof Error && error.name === "TimeoutError" ? "too late" : "nobody there";
  }
}
