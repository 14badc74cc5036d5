import type { Command } from "commander";
import { dirOption } from "../local/dir-option.ts";
import { findInstance, type InstanceSettings } from "../local/state.ts";
import { readSettings, type Settings } from "../shared/config.ts";
import { GENESIS } from "../shared/contract/command.ts";
import { checkBroker } from "./checkup-broker.ts";
import { checkMachine } from "./checkup-machine.ts";
import { checkObservers } from "./checkup-observers.ts";
import { checkServices } from "./checkup-services.ts";
import { checkSettings } from "./checkup-settings.ts";
import { brokerOptions, type BrokerOptions } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { bad, type Finding } from "./finding.ts";
import { jsonOption, outputFor } from "./output.ts";
import { findingLines } from "./render/checkup.ts";

type DoctorOptions = BrokerOptions & { json?: boolean };

/** `genesis doctor`: looks at everything that a run needs. Exit code 0 when nothing is wrong. */
export function doctor(command: Command): void {
  jsonOption(brokerOptions(command)).action(async (options: DoctorOptions) => {
    const output = outputFor(options);
    const isVariable = command.getOptionValueSource("nats") === "env";
    const findings = [...(await checkMachine()), ...(await checkRest({ ...options, isVariable }))];
    const wrong = findings.filter(({ is }) => is === "bad").length;
    if (output.json) output.document({ healthy: wrong === 0, findings });
    else output.lines(findingLines(findings, output.paint));
    if (wrong > 0)
      throw new CommandFailure(
        `${wrong} of ${findings.length} things ${wrong === 1 ? "is" : "are"} wrong; what to do stands beside`,
      );
  });
}

/** A broker that is named stands for itself; else the instance of the folder is looked at with its services. */
async function checkRest({
  nats,
  dir,
  isVariable,
}: BrokerOptions & { isVariable: boolean }): Promise<Finding[]> {
  const instance = nats ? undefined : findInstance(dir);
  const told = instance?.state.settings;
  const here = settingsHere();
  const findings = "says" in here ? [here] : await checkSettings(here, told);
  const known = told ?? ("says" in here ? undefined : here);
  const what = "instance";
  if (nats) return [...findings, notLookedAt({ dir, isVariable }), ...(await brokerFindings(nats, known))];
  if (instance === undefined) {
    const todo = `${GENESIS} up${dirOption(dir)}`;
    return [...findings, { what, is: "bad", says: "nothing is running", todo }];
  }
  const { state } = instance;
  return [
    ...findings,
    { what, is: "good", says: `${instance.dir}, pid ${state.up.pid}` },
    ...(await brokerFindings(state.nats.url, known)),
    ...(await checkServices(state)),
    ...(await checkObservers(state)),
  ];
}

/** A variable that is set is easily forgotten, and what is left out would look as if it were well. */
function notLookedAt({ dir, isVariable }: { dir: string | undefined; isVariable: boolean }): Finding {
  const why = isVariable ? "NATS_URL is set" : "--nats is given";
  const says = `not looked at, nor its services: ${why}, so this is about that broker alone, with this shell's catalogues`;
  const todo = `${isVariable ? "NATS_URL= " : ""}${GENESIS} doctor${dirOption(dir)} looks at what runs here`;
  return { what: "instance", is: "note", says, todo };
}

function settingsHere(): Settings | Finding {
  try {
    return readSettings();
  } catch (error) {
    return bad("settings", error, "correct the variable; docs/settings.md has them all");
  }
}

async function brokerFindings(url: string, known?: InstanceSettings | Settings): Promise<Finding[]> {
  if (known !== undefined) return checkBroker({ url, prefix: known.prefix, catalog: known.catalog });
  return [{ what: "broker", is: "note", says: "not looked at; the settings have to be correct first" }];
}
