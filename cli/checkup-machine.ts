import { isOlder } from "../shared/bus/connect.ts";
import { GENESIS } from "../shared/contract/command.ts";
import { MIN_SERVER_VERSION } from "../shared/contract/streams.ts";
import type { Finding } from "./finding.ts";
import { askVersion, type Program } from "./programs.ts";

const START = `${GENESIS} up`;

/** What is installed on this machine. */
export async function checkMachine(): Promise<Finding[]> {
  const [broker, go, git] = await Promise.all([
    askVersion("nats-server", "--version"),
    askVersion("go", "version"),
    askVersion("git", "--version"),
  ]);
  return [
    { what: "node", is: "good", says: process.version },
    brokerFinding(broker),
    programFinding("go", go, {
      says: "not on PATH; only needed where nats-server can be neither found nor downloaded",
    }),
    programFinding("git", git, {
      says: "not on PATH",
      todo: "install it, or git activity stays out of audit reports",
    }),
  ];
}

/** What is to be said about a program. @param missing what its absence means */
export function programFinding(
  what: string,
  program: Program,
  missing: { says: string; todo?: string },
): Finding {
  switch (program.is) {
    case "there":
      return { what, is: "good", says: program.version };
    case "missing":
      return { what, is: "note", ...missing };
    case "silent":
      return { what, is: "note", says: "on PATH, but did not answer in time; is the machine busy?" };
    case "unclear":
      return { what, is: "note", says: "on PATH, but does not say which version it is" };
  }
}

function brokerFinding(program: Program): Finding {
  const what = "nats-server";
  const says = `not on PATH; ${START} uses its cache, downloads a release, or builds one with Go`;
  if (program.is !== "there" || !isOlder(program.version, MIN_SERVER_VERSION))
    return programFinding(what, program, { says });
  return {
    what,
    is: "note",
    says: `${program.version} on PATH is older than ${MIN_SERVER_VERSION}; ${START} looks further`,
  };
}
