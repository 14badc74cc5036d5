import { writeSync } from "node:fs";

/** What a process of ours ends with; the numbers from 64 on are those of sysexits.h. */
export const EXIT = { ok: 0, failed: 1, software: 70, config: 78 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A reason not to start that is nobody's error. */
export class Refusal extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Refusal";
  }
}

/**
 * Errors whose text, written by us and free of values, says in one line what is wrong. By name, so that nobody need load a
 * catalogue's reader to say it.
 */
const TOLD: Readonly<Record<string, ExitCode>> = {
  SettingError: EXIT.config,
  CatalogError: EXIT.config,
  HandlerError: EXIT.config,
  BrokerUnfit: EXIT.config,
  BrokerAway: EXIT.failed,
  SetupMissing: EXIT.failed,
  Refusal: EXIT.failed,
};

/** Why a process does not start: the line that is told, and what it ends with. */
export function refusalOf(error: unknown): { line: string; code: ExitCode } {
  const code = error instanceof Error ? TOLD[error.name] : undefined;
  if (code === undefined) return { line: `cannot start (${codeOf(error)})`, code: EXIT.failed };
  return { line: (error as Error).message, code };
}

/** Tells a line on standard error, before the process is gone. */
export function tell(name: string, line: string): void {
  writeSync(2, `genesis ${name}: ${line}\n`);
}

/** What an error is called, which is never what it quotes. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
