import { defineAgent, type Agent } from "../../../shared/agent/define-agent.ts";
import { commitsOf, MAX_COMMITS, type Commit } from "../audit/git-log.ts";
import { withRepository } from "../audit/repository.ts";
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
          // Seeing that every object is a file of its own takes longer than asking git.
          const history = await step.tool("repository", () =>
            withRepository(folder, step.signal, async (repository) => {
              if (repository.head === undefined) return noHistory("no commits yet");
              const commits = await step.tool("git", () => commitsOf({ folder, repository }, step.signal));
              if (commits === undefined) return noHistory("its history cannot be read");
              step.progress(`${commits.length} commits`);
              return { commits, shallow: repository.isShallow };
            }),
          );
          return summarize(
            folder.name,
            history ?? noHistory("no git work tree whose whole history is kept below the audit root"),
          );
        },
      },
    },
  });

type History = { commits: Commit[]; shallow: boolean; because?: string };

function noHistory(because: string): History {
  return { commits: [], shallow: false, because };
}

function summarize(root: string, { commits: found, shallow, because }: History): GitActivity {
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
