import { Command, CommanderError } from "commander";
import { readFileSync } from "node:fs";
import { CommandFailure, wrongUsage } from "./failure.ts";
import { oneLine, shorten } from "./render/text.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** So much of what was given is quoted in a message about it. */
const MAX_QUOTED = 80;

/**
 * One command of the table. `load` brings the function that gives the command its arguments, options and action; name and
 * summary it has from here. A file is only loaded when its command is meant, so that the help and every command start at once.
 */
export type CommandRow = {
  name: string;
  summary: string;
  load: () => Promise<(command: Command) => void>;
};

/**
 * Runs one command line: what goes wrong becomes one line on standard error.
 * @param args what follows `genesis` @returns the exit code: 0, 1, 2 or 78
 */
export async function runCommandLine(rows: readonly CommandRow[], args: readonly string[]): Promise<number> {
  try {
    const meant = withoutHelp(rows, args);
    const program = await programFor(rows, meant);
    if (meant.length === 0) program.outputHelp();
    else await program.parseAsync(meant, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const { message, exitCode } = failureOf(error, rows.find(({ name }) => name === args[0])?.name);
    process.stderr.write(`genesis: ${oneLine(message)}\n`);
    return exitCode;
  }
}

/** `help a b` is `a b --help`; so a command below a command has its help as well, and one that is not there is an error. */
function withoutHelp(rows: readonly CommandRow[], args: readonly string[]): readonly string[] {
  const [first, ...command] = args;
  if (first !== "help") return args;
  if (command.length === 0) return [];
  if (rows.some(({ name }) => name === command[0])) return [...command, "--help"];
  throw wrongUsage(`unknown command '${command[0]}'; see ${GENESIS} help`);
}

async function programFor(rows: readonly CommandRow[], args: readonly string[]): Promise<Command> {
  const program = new Command(GENESIS)
    .description("Goals decomposed, routed, validated and executed by agents on NATS JetStream.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print what there is to say about a command")
    .helpCommand("help [command...]", "the same")
    .exitOverride()
    // Every error is written by `runCommandLine`, in one line.
    .configureOutput({ writeErr: () => {} });
  for (const { name, summary, load } of rows) {
    const command = program.command(name).description(summary);
    if (name === args[0]) (await load())(command);
  }
  return program;
}

function failureOf(error: unknown, command: string | undefined): { message: string; exitCode: number } {
  if (error instanceof CommanderError) return { message: usageText(error, command), exitCode: 2 };
  const { message, name } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof CommandFailure) return { message, exitCode: error.exitCode };
  // Settings and catalogues that no command can go on with.
  return { message, exitCode: name === "SettingError" || name === "CatalogError" ? 78 : 1 };
}

function usageText({ code, message }: CommanderError, command: string | undefined): string {
  const where = command === undefined ? "" : ` ${command}`;
  if (code === "commander.help") return `${command} needs a command; see ${GENESIS} help${where}`;
  // Commander puts its suggestion on a line of its own.
  const text = message
    .replace(/^error: /, "")
    .replaceAll(/\s*\n\s*/g, " ")
    // It quotes what was given, which may be a whole file.
    .replace(/(?<= argument ')[^]*(?=' is invalid)/, (given) => shorten(given, MAX_QUOTED))
    .replace(/\.$/, "");
  return `${text}; see ${GENESIS} help${where}`;
}

function version(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
