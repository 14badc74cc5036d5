import type { Command } from "commander";
import { brokerOptions, withBus, type BrokerOptions } from "./connection.ts";
import { explain as explainStep } from "./decision-view.ts";
import { CommandFailure } from "./failure.ts";
import { loadRun } from "./load-run.ts";
import { jsonOption, outputFor } from "./output.ts";
import { decisionLines } from "./render/decision.ts";
import { shorten } from "./render/text.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** An error names at most this many steps. */
const SHOWN = 12;

/** `genesis explain RUN STEP`: the decision record of a step. */
export function explain(command: Command): void {
  command
    .argument("<run>", "a run or the trace of its submission, or any unique beginning of its id")
    .argument("<step>", "a step of its plan");
  jsonOption(brokerOptions(command)).action(
    async (given: string, step: string, options: BrokerOptions & { json?: boolean }) => {
      const output = outputFor(options);
      const { run } = await withBus(options, (bus) => loadRun(bus, given));
      const explained = explainStep(run, step);
      if (explained.is !== "routed") throw new CommandFailure(whyNot(explained, shorten(step, 64), run.id));
      if (output.json) output.document(explained.view);
      else output.lines(decisionLines(explained.view, output.paint));
    },
  );
}

function whyNot(
  explained: Exclude<ReturnType<typeof explainStep>, { is: "routed" }>,
  step: string,
  run: string,
): string {
  switch (explained.is) {
    case "compound":
      return `"${step}" is a compound step: agents get its children (${named(explained.children)}); explain one of them`;
    case "not routed yet":
      return `"${step}" is not routed yet; ${GENESIS} show ${run} --watch tells when it is`;
    case "unknown":
      return explained.steps.length === 0
        ? `the run has no plan with steps; ${GENESIS} show ${run} tells how it stands`
        : `no step "${step}" in this run; its steps are ${named(explained.steps)}`;
  }
}

function named(steps: readonly string[]): string {
  const more = steps.length > SHOWN ? ` and ${steps.length - SHOWN} more` : "";
  return `${steps.slice(0, SHOWN).join(", ")}${more}`;
}
