import { git } from "./git.ts";
import type { Repository } from "./repository.ts";
import type { AuditFolder } from "./root.ts";

/** One commit as the log shows it; `date` is the author's, RFC 3339 in UTC. */
export type Commit = { commit: string; date: string; author: string; subject: string };

/** An audit looks at this many commits at most, the newest first. */
export const MAX_COMMITS = 10_000;

const FIELD = "\x1f";
const MAX_TEXT = 160;

/** The newest commits that touch the folder, or undefined where they cannot be read. @throws the signal's reason when aborted */
export async function commitsOf(
  inside: { folder: AuditFolder; repository: Repository },
  signal: AbortSignal,
): Promise<Commit[] | undefined> {
  const format = ["%h", "%at", "%aN", "%s"].join("%x1f");
  const range = [`--max-count=${MAX_COMMITS + 1}`, "--no-show-signature", "--no-ext-diff", "-z"];
  // A path, even one that is everything, makes git leave commits out; so none for the whole repository.
  const path = inside.folder.path === inside.repository.top ? [] : ["--", "."];
  const answer = await git(inside, ["log", ...range, `--format=${format}`, ...path], signal);
  return answer
    ?.split("\0")
    .filter((line) => line !== "")
    .map((line) => {
      const [commit = "", seconds = "", author = "", ...subject] = line.split(FIELD);
      return {
        commit,
        date: timeOf(seconds),
        author: author.slice(0, MAX_TEXT),
        subject: subject.join(" ").slice(0, MAX_TEXT),
      };
    });
}

/** Git stores any number as a date; one that is none in our calendar becomes empty. */
function timeOf(seconds: string): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString().replace(".000Z", "Z");
}
