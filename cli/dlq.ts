import type { Command } from "commander";
import { brokerOptions, withBus, type BrokerOptions } from "./connection.ts";
import { allLetters, findLetter, newestLetters } from "./dead-letters.ts";
import { CommandFailure, wrongUsage } from "./failure.ts";
import { countOption } from "./option.ts";
import { jsonOption, outputFor } from "./output.ts";
import { redrive, type Redriven } from "./redrive.ts";
import { letterLines, letterTable, redrivenLine } from "./render/dead-letter.ts";
import type { Bus } from "../shared/bus/connect.ts";

type Options = BrokerOptions & { json?: boolean };

/** `genesis dlq`: what could not be read or handled. */
export function dlq(command: Command): void {
  defineList(command.command("list").description("list dead letters, newest first"));
  defineShow(command.command("show").description("show a dead letter: its reason, headers and payload"));
  defineRedrive(
    command.command("redrive").description("have dead letters handled again; they stay for the record"),
  );
}

function defineList(command: Command): void {
  command.addOption(countOption("--limit <n>", "how many", 50));
  jsonOption(brokerOptions(command)).action(async (options: Options & { limit: number }) => {
    const output = outputFor(options);
    const letters = await withBus(options, (bus) => newestLetters(bus, options.limit));
    if (output.json) output.document(letters);
    else if (letters.length === 0) output.lines(["no dead letters"]);
    else output.lines(letterTable(letters, output.paint));
  });
}

function defineShow(command: Command): void {
  command.argument("<id>", "a dead letter, or any unique beginning of its id");
  jsonOption(brokerOptions(command)).action(async (id: string, options: Options) => {
    const output = outputFor(options);
    const letter = await withBus(options, (bus) => findLetter(bus, id));
    if (output.json) output.document(letter);
    else output.lines(letterLines(letter, output.paint));
  });
}

function defineRedrive(command: Command): void {
  command
    .argument("[id...]", "dead letters, or unique beginnings of their ids")
    .option("--all", "all of them")
    .option("--yes", "with --all: yes, all of them");
  jsonOption(brokerOptions(command), "print JSON lines, one per dead letter").action(
    async (ids: string[], options: Options & { all?: boolean; yes?: boolean }) => {
      if (Boolean(options.all) === ids.length > 0) throw wrongUsage("give the ids of dead letters, or --all");
      if (options.all && !options.yes)
        throw wrongUsage("--all needs --yes: every dead letter is handled again");
      const output = outputFor(options);
      let failures = 0;
      await withBus(options, async (bus) => {
        for await (const redriven of redriveAll(bus, ids)) {
          if (!redriven.done) failures += 1;
          if (output.json) output.document(redriven);
          else output.lines([redrivenLine(redriven, output.paint)]);
        }
      });
      if (failures > 0)
        throw new CommandFailure(`${failures} could not be handled again; the reasons are above`);
    },
  );
}

/** @param ids none: all of them */
async function* redriveAll(bus: Bus, ids: readonly string[]): AsyncGenerator<Redriven> {
  if (ids.length === 0) for await (const letter of allLetters(bus)) yield await redrive(bus, letter);
  // All are looked up before the first is sent: one wrong id, and nothing happens.
  const letters = [];
  for (const id of ids) letters.push(await findLetter(bus, id));
  for (const letter of letters) yield await redrive(bus, letter);
}
