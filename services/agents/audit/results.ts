import { z } from "zod";

/**
 * What the audit agents hand to each other and to the report. A step does not know the ids of the steps before it, so every
 * result says by its `kind` what it is. Lists are cut to stay small; `leftOut` says how many entries are not in them.
 */

const count = z.int().min(0);
const path = z.string().max(4096);

/** What every audit task takes: the folder to look at, relative to the configured root. */
export const auditInput = z.object({
  root: path.refine((text) => !text.includes("\0"), "must not contain NUL").optional(),
});

const scope = { root: path, complete: z.boolean() };
const notRead = z.object({ binary: count, tooLarge: count, unreadable: count });
export const fileEntry = z.object({ path, bytes: count });

export const fileList = z.object({
  kind: z.literal("file-list"),
  ...scope,
  source: z.enum(["git", "folder"]),
  total: count,
  totalBytes: count,
  files: z.array(fileEntry),
  leftOut: count,
  skipped: z.object({ links: count, others: count }),
});

export const lineCount = z.object({
  kind: z.literal("line-count"),
  ...scope,
  files: count,
  lines: count,
  languages: z.array(z.object({ language: z.string(), files: count, lines: count, bytes: count })),
  leftOut: count,
  notRead,
});

export const todoList = z.object({
  kind: z.literal("todo-list"),
  ...scope,
  total: count,
  tags: z.array(z.object({ tag: z.string(), count })),
  items: z.array(z.object({ path, line: z.int().min(1), tag: z.string(), text: z.string() })),
  leftOut: count,
  notRead,
});

export const largeFiles = z.object({
  kind: z.literal("large-files"),
  ...scope,
  overBytes: count,
  total: count,
  totalBytes: count,
  files: z.array(fileEntry),
  leftOut: count,
});

export const licences = z.object({
  kind: z.literal("licences"),
  ...scope,
  lockFiles: z.array(
    z.object({ path, format: z.string(), packages: count.optional(), because: z.string().optional() }),
  ),
  packages: count,
  licences: z.array(
    z.object({ licence: z.string(), packages: count, production: count, examples: z.array(z.string()) }),
  ),
  leftOut: count,
});

export const gitActivity = z.object({
  kind: z.literal("git-activity"),
  root: path,
  available: z.boolean(),
  because: z.string().optional(),
  commits: count,
  complete: z.boolean(),
  shallow: z.boolean(),
  first: z.string().optional(),
  last: z.string().optional(),
  authors: z.array(z.object({ name: z.string(), commits: count })),
  authorsLeftOut: count,
  months: z.array(z.object({ month: z.string(), commits: count })),
  latest: z.array(
    z.object({ commit: z.string(), date: z.string(), author: z.string(), subject: z.string() }),
  ),
});

export const auditReport = z.object({
  kind: z.literal("audit-report"),
  markdown: z.string(),
  path: z.string(),
  summary: z.string(),
});

export type FileList = z.infer<typeof fileList>;
export type LineCount = z.infer<typeof lineCount>;
export type TodoList = z.infer<typeof todoList>;
export type LargeFiles = z.infer<typeof largeFiles>;
export type Licences = z.infer<typeof licences>;
export type GitActivity = z.infer<typeof gitActivity>;

type Kind = z.ZodObject<{ kind: z.ZodLiteral<string> }>;

/** The result of one kind among those of the steps before this one; undefined when there is none, or it is not what it says. */
export function resultOfKind<S extends Kind>(
  results: Readonly<Record<string, unknown>>,
  schema: S,
): z.output<S> | undefined {
  for (const result of Object.values(results)) {
    const read = schema.safeParse(result);
    if (read.success) return read.data;
  }
  return undefined;
}

/** The most used first, equal ones by name. */
export function ranked<T>(rows: Iterable<T>, by: (row: T) => number, name: (row: T) => string): T[] {
  return [...rows].toSorted((a, b) => by(b) - by(a) || (name(a) < name(b) ? -1 : 1));
}
