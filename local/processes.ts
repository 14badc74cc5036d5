import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * A process that this project started. The pid alone would not do: the system hands it out again, and what ends
 * left-overs must never end a stranger. `birth` is when it was started, in the system's own words.
 */
export type ProcessRecord = { name: string; pid: number; birth: string };

const POLL_MS = 25;

/** The record of a process that runs now; nothing when there is none with that pid. */
export function recordOf(name: string, pid: number): ProcessRecord | undefined {
  const birth = birthOf(pid);
  return birth === undefined ? undefined : { name, pid, birth };
}

/** Whether the very process of the record still runs. */
export function isRunning(record: ProcessRecord): boolean {
  return birthOf(record.pid) === record.birth;
}

/** Whether somebody has stopped a process, with SIGSTOP or in a debugger: it goes on when they want it to. */
export function isStopped(pid: number): boolean {
  const status = process.platform === "linux" ? statOf(pid)?.[0] : psOf(pid)?.[0];
  return /^t/i.test(status ?? "");
}

/** Asks processes to end, and ends those (with their process groups) that have not within the time. @returns when all are gone */
export async function stopProcesses(records: readonly ProcessRecord[], graceMs: number): Promise<void> {
  for (const record of records) if (isRunning(record)) signal(record.pid, "SIGTERM");
  if (await allGone(records, graceMs)) return;
  for (const record of records) if (isRunning(record)) killGroup(record.pid);
  await allGone(records, 2000);
}

/** Waits until none of the processes runs any more. @returns false when the time was up first */
export async function allGone(records: readonly ProcessRecord[], withinMs: number): Promise<boolean> {
  const until = performance.now() + withinMs;
  while (records.some(isRunning)) {
    if (performance.now() >= until) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** Sends a signal to a process that may be gone already. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Gone in between, which is what was wanted.
  }
}

/** Kills a process that leads its own group, and whatever it has started and left behind. */
export function killGroup(pid: number): void {
  // 0 and -1 would mean this group and every process there is.
  if (pid <= 1) return;
  signal(-pid, "SIGKILL");
  signal(pid, "SIGKILL");
}

function birthOf(pid: number): string | undefined {
  return process.platform === "linux" ? birthFromProc(pid) : birthFromPs(pid);
}

function birthFromProc(pid: number): string | undefined {
  const fields = statOf(pid);
  if (fields === undefined || fields[0] === "Z") return undefined;
  // Start times count from the boot, so that two boots could agree on them.
  return `${bootId()}/${fields[19]}`;
}

/** What Linux says about a process, from its status on. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in brackets and may hold spaces and brackets itself.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "unknown boot"; // Some sandboxes hide it.
  }
}

function birthFromPs(pid: number): string | undefined {
  const [status, ...started] = psOf(pid) ?? [];
  return status === undefined || status.startsWith("Z") ? undefined : started.join(" ");
}

/** What other systems say about a process: its status, and when it was started. */
function psOf(pid: number): string[] | undefined {
  try {
    const line = execFileSync("ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
      encoding: "utf8",
      env: { LC_ALL: "C", PATH: "/bin:/usr/bin" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    return line.trim().split(/\s+/);
  } catch {
    return undefined;
  }
}
