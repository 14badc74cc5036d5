import type { Command } from "commander";
import { findInstance } from "../local/state.ts";
import { checkMachine, checkServices, checkSettings, type Finding } from "./checkup.ts";
import { checkBroker } from "./checkup-broker.ts";
import { brokerOptions, type BrokerOptions } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { jsonOption, outputFor } from "./output.ts";
import { findingLines } from "./render/checkup.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** `genesis doctor`: looks at everything that a run needs. Exit code 0 when nothing is wrong. */
export function doctor(command: Command): void {
  jsonOption(brokerOptions(command)).action(async (options: BrokerOptions & { json?: boolean }) => {
    const output = outputFor(options);
    const findings = [
      ...(await checkMachine()),
      ...(await checkSettings()),
      ...(await checkRunning(options)),
    ];
    const wrong = findings.filter(({ is }) => is === "bad").length;
    if (output.json) output.document({ healthy: wrong === 0, findings });
    else output.lines(findingLines(findings, output.paint));
    if (wrong > 0)
      throw new CommandFailure(
        `${wrong} of ${findings.length} things are wrong; what to do stands beside each`,
      );
  });
}

/** A broker that is named stands for itself; else the instance of the folder is looked at with its services. */
async function checkRunning({ nats, dir }: BrokerOptions): Promise<Finding[]> {
  if (nats) return checkBroker(nats);
  const instance = findInstance(dir);
  const what = "instance";
  if (instance === undefined) {
    const todo = dir === undefined ? `${GENESIS} up` : `${GENESIS} up --dir ${dir}`;
    return [{ what, is: "bad", says: "nothing is running", todo }];
  }
  const { state } = instance;
  const running: Finding = { what, is: "good", says: `${instance.dir}, pid ${state.up.pid}` };
  return [running, ...(await checkBroker(state.nats.url)), ...(await checkServices(state))];
}
