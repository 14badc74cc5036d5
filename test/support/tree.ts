import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { childEnvironment } from "../../shared/config.ts";

/** Makes a folder with these files, which is deleted when the test ends, and gives its path. */
export async function makeTree(t: TestContext, files: Record<string, string | Uint8Array>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "genesis-tree-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  await addFiles(root, files);
  return root;
}

/** Writes files below a folder, with the folders on the way. */
export async function addFiles(root: string, files: Record<string, string | Uint8Array>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

/** One commit of everything in the folder, which becomes a repository if it is none. @param date the author's, RFC 3339 */
export function commitAll(
  root: string,
  { author, date, subject }: { author: string; date: string; subject: string },
): void {
  const git = (...args: string[]): void => {
    const env = {
      PATH: childEnvironment({}).PATH,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
      GIT_CONFIG_GLOBAL: "/dev/null",
    };
    execFileSync("git", ["-c", `user.name=${author}`, "-c", "user.email=author@example.org", ...args], {
      cwd: root,
      env,
    });
  };
  git("init", "--quiet");
  git("add", "--all");
  git("commit", "--quiet", "--allow-empty", "--message", subject);
}
