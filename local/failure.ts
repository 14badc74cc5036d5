/** Why the local mode cannot start, in one sentence for a person, with the exit code that tells a script. */
export class StartFailure extends Error {
  readonly exitCode: 1 | 78;
  constructor(message: string, options: { exitCode?: 1 | 78; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "StartFailure";
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The text of anything thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
