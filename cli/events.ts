import type { Command } from "commander";
import { brokerOptions, withBus, type BrokerOptions } from "./connection.ts";
import { factDocument } from "./fact-document.ts";
import { loadRun } from "./load-run.ts";
import { jsonOption, outputFor } from "./output.ts";
import { factTable, inOrder } from "./render/event.ts";

/** `genesis events RUN`: what stands in the log about a run. */
export function events(command: Command): void {
  command.argument("<run>", "a run or the trace of its submission, or any unique beginning of its id");
  jsonOption(brokerOptions(command), "print JSON lines, one per fact").action(
    async (given: string, options: BrokerOptions & { json?: boolean }) => {
      const output = outputFor(options);
      const { history } = await withBus(options, (bus) => loadRun(bus, given));
      const facts = inOrder(history.events, history.unreadable);
      if (output.json) for (const fact of facts) output.document(factDocument(fact));
      else output.lines(factTable(facts, output.paint));
    },
  );
}
