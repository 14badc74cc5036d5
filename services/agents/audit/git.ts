import { execFile } from "node:child_process";
import { childEnvironment } from "../../../shared/config.ts";
import type { Repository } from "./repository.ts";
import type { AuditFolder } from "./root.ts";

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * Runs git in a folder of a repository and gives its output, or undefined where git says no, says more than 16 MiB, or is not
 * installed. @throws the signal's reason when aborted
 */
export function git(
  { folder, repository }: { folder: AuditFolder; repository: Repository },
  args: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const options = {
    cwd: folder.path,
    signal,
    maxBuffer: MAX_OUTPUT_BYTES,
    // All that git is told, and nothing is inherited: neither settings of the machine or the user, nor, inside a git
    // hook, the variables that name another repository.
    env: {
      PATH: childEnvironment({}).PATH,
      HOME: repository.gitDir,
      LC_ALL: "C",
      GIT_DIR: repository.gitDir,
      GIT_WORK_TREE: repository.top,
      GIT_OBJECT_DIRECTORY: repository.objects,
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_ATTR_NOSYSTEM: "1",
      GIT_NO_REPLACE_OBJECTS: "1",
      GIT_TERMINAL_PROMPT: "0",
      // Git need not reach for anything over any protocol, so it may speak none.
      GIT_ALLOW_PROTOCOL: "none",
    },
  };
  return new Promise((done, fail) => {
    execFile("git", ["--no-pager", "--no-optional-locks", ...args], options, (error, stdout) => {
      if (signal.aborted) fail(signal.reason as Error);
      else done(error === null ? stdout : undefined);
    });
  });
}
