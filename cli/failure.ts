/** Why a command did not do what was asked, in one sentence that also says what to do next. */
export class CommandFailure extends Error {
  readonly exitCode: 1 | 2 | 78;
  constructor(message: string, exitCode: 1 | 2 | 78 = 1) {
    super(message);
    this.name = "CommandFailure";
    this.exitCode = exitCode;
  }
}

/** The command was given wrongly: exit code 2. */
export function wrongUsage(message: string): CommandFailure {
  return new CommandFailure(message, 2);
}
