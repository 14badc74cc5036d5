import { execFile } from "node:child_process";
import { realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { childEnvironment } from "../../../shared/config.ts";
import { contains, type AuditFolder } from "./root.ts";

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
/** What a repository's own configuration could make git start is switched off: reading a folder must not run its programs. */
const SAFE = [
  "--no-pager",
  "--no-optional-locks",
  ...[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "log.showSignature=false",
    "core.quotePath=false",
  ].flatMap((setting) => ["-c", setting]),
];

/** Runs git in a folder and gives its output, or undefined where git says no or is not installed. @throws the signal's reason when aborted */
export function git(
  folder: AuditFolder,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const { PATH, HOME } = childEnvironment({});
  const options = {
    cwd: folder.path,
    signal,
    maxBuffer: MAX_OUTPUT_BYTES,
    // Nothing else is inherited: inside a git hook, for one, variables name another repository. One that begins above
    // the configured root is not looked for.
    env: {
      PATH,
      HOME,
      LC_ALL: "C",
      GIT_CEILING_DIRECTORIES: dirname(folder.configuredRoot),
      GIT_NO_LAZY_FETCH: "1",
      GIT_TERMINAL_PROMPT: "0",
    },
  };
  return new Promise((done, fail) => {
    execFile("git", [...SAFE, ...args], options, (error, stdout) => {
      if (signal.aborted) fail(signal.reason as Error);
      else done(error === null ? stdout : undefined);
    });
  });
}

/** Whether the folder is part of a git work tree whose history lies inside the configured root, as a linked work tree's does not. */
export async function isGitWorkTree(folder: AuditFolder, signal: AbortSignal): Promise<boolean> {
  const answer = await git(
    folder,
    ["rev-parse", "--is-inside-work-tree", "--absolute-git-dir", "--git-common-dir"],
    signal,
  );
  const [isInside, ...stores] = (answer ?? "").trimEnd().split("\n");
  if (isInside !== "true") return false;
  const real = await Promise.all(
    stores.map((store) => realpath(resolve(folder.path, store)).catch(() => "")),
  );
  return real.every((store) => store !== "" && contains(folder.configuredRoot, store));
}
