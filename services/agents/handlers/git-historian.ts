import { defineAgent, type Agent } from "../../../shared/agent/define-agent.ts";
import { commitsOf, isShallow, MAX_COMMITS, type Commit } from "../audit/git-log.ts";
import { isGitWorkTree } from "../audit/git.ts";
import {
  auditInput,
  fileList,
  gitActivity,
  ranked,
  resultOfKind,
  type GitActivity,
} from "../audit/results.ts";
import { auditFolder } from "../audit/root.ts";
import type { Place } from "../handlers.ts";

const MAX_AUTHORS = 10;
const MAX_MONTHS = 12;
const MAX_LATEST = 10;

/** Looks at the history of a folder in git: how much, by whom, when. */
export const agent = ({ auditRoot }: Place): Agent =>
  defineAgent({
    name: "git_historian",
    tasks: {
      git_activity: {
        input: auditInput,
        output: gitActivity,
        handler: async (input, step) => {
          const asked = input.root ?? resultOfKind(step.results, fileList)?.root ?? ".";
          const folder = await auditFolder(auditRoot, asked);
          if (!(await isGitWorkTree(folder, step.signal)))
            return summarize(folder.name, {
              commits: [],
              because: "not a git work tree below the audit root",
            });
          const commits = await commitsOf(folder, step.signal);
          if (commits === undefined)
            return summarize(folder.name, { commits: [], because: "no commits yet" });
          step.progress(`${commits.length} commits`);
          return summarize(folder.name, { commits, shallow: await isShallow(folder, step.signal) });
        },
      },
    },
  });

function summarize(
  root: string,
  { commits: found, shallow = false, because }: { commits: Commit[]; shallow?: boolean; because?: string },
): GitActivity {
  const commits = found.slice(0, MAX_COMMITS);
  const authors = tally(commits.map((commit) => commit.author));
  const months = tally(commits.map((commit) => commit.date.slice(0, "2026-01".length)));
  const first = commits.at(-1)?.date;
  const last = commits[0]?.date;
  return {
    kind: "git-activity",
    root,
    available: because === undefined,
    ...(because !== undefined && { because }),
    commits: commits.length,
    complete: found.length <= MAX_COMMITS,
    shallow,
    ...(first !== undefined && { first }),
    ...(last !== undefined && { last }),
    authors: authors.slice(0, MAX_AUTHORS).map(([name, n]) => ({ name, commits: n })),
    authorsLeftOut: Math.max(0, authors.length - MAX_AUTHORS),
    months: months
      .toSorted(([a], [b]) => (a < b ? 1 : -1))
      .slice(0, MAX_MONTHS)
      .map(([month, n]) => ({ month, commits: n })),
    latest: commits.slice(0, MAX_LATEST),
  };
}

/** How often each value comes, the most frequent first. */
function tally(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return ranked(
    counts,
    ([, n]) => n,
    ([value]) => value,
  );
}
