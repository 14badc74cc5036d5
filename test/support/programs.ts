import { spawnSync } from "node:child_process";

/** Whether a program that a test starts is installed. */
export function hasProgram(name: string): boolean {
  const { error, status } = spawnSync(name, ["--version"], { stdio: "ignore" });
  return error === undefined && status === 0;
}
