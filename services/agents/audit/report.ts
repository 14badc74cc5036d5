import { counted, digits, inert, size, table } from "./markdown.ts";
import {
  fileList,
  gitActivity,
  largeFiles,
  licences,
  lineCount,
  resultOfKind,
  todoList,
  type FileList,
  type GitActivity,
  type LargeFiles,
  type Licences,
  type LineCount,
  type TodoList,
} from "./results.ts";

/** A part of the report: its text, and the few words that stand for it in the summary. */
type Part = { body: string; inShort: string };

/**
 * The report over the results of an audit's steps, as Markdown, and a one-line summary. The same results give the same text.
 * A part whose step did not run, or failed, says so instead of being left out.
 */
export function auditReportOf(results: Readonly<Record<string, unknown>>): {
  markdown: string;
  summary: string;
} {
  const files = resultOfKind(results, fileList);
  const sections = [
    section("Files", files, filesPart),
    section("Lines by language", resultOfKind(results, lineCount), linesPart),
    section("Marks left in the code", resultOfKind(results, todoList), todosPart),
    section("Large files", resultOfKind(results, largeFiles), largePart),
    section("Licences", resultOfKind(results, licences), licencesPart),
    section("Git activity", resultOfKind(results, gitActivity), gitPart),
  ];
  const inShort = sections.flatMap((part) => part.inShort);
  const summary = inShort.length === 0 ? "nothing was audited" : inShort.join("; ");
  const markdown = ["# Repository audit", `${summary}.`, ...sections.map((part) => part.body)].join("\n\n");
  return { markdown: `${markdown}\n`, summary };
}

function section<R>(
  title: string,
  result: R | undefined,
  write: (result: R) => Part,
): { body: string; inShort: string[] } {
  if (result === undefined)
    return { body: `## ${title}\n\nNot available: the step has no result.`, inShort: [] };
  const { body, inShort } = write(result);
  return { body: `## ${title}\n\n${body}`, inShort: [inShort] };
}

function filesPart({ root, source, total, totalBytes, skipped, complete }: FileList): Part {
  const from = source === "git" ? "known to git, or new and not ignored" : "in the folder";
  const lines = [
    `Folder ${inert(root)}: ${counted(total, "file")} (${size(totalBytes)}) ${from}; \`.git\`, \`node_modules\` and \`.genesis\` left out.`,
    ...(skipped.links + skipped.others > 0
      ? [
          `Not followed: ${counted(skipped.links, "symbolic link")}, ${counted(skipped.others, "other entry", "other entries")}.`,
        ]
      : []),
    ...incomplete(complete),
  ];
  return { body: lines.join("\n"), inShort: counted(total, "file") };
}

function linesPart({ files, lines, languages, leftOut, notRead, complete }: LineCount): Part {
  const rows = languages.map((row) => [inert(row.language), row.files, row.lines, row.bytes]);
  return {
    body: paragraphs([
      `${counted(lines, "line")} in ${counted(files, "text file")}.`,
      table(["Language", "Files", "Lines", "Bytes"], rows),
      ...leftOutLine(leftOut, "language"),
      ...notReadLine(notRead),
      ...incomplete(complete),
    ]),
    inShort: `${counted(lines, "line")} in ${counted(languages.length + leftOut, "language")}`,
  };
}

function todosPart({ total, tags, items, leftOut, notRead, complete }: TodoList): Part {
  const rows = items.map((item) => [inert(item.path), item.line, inert(item.tag), inert(item.text)]);
  const byTag = tags.map(({ tag, count }) => `${inert(tag)} ${digits(count)}`).join(", ");
  return {
    body: paragraphs([
      total === 0 ? "None." : `${counted(total, "mark")}: ${byTag}.`,
      ...(rows.length > 0 ? [table(["File", "Line", "Mark", "Text"], rows)] : []),
      ...leftOutLine(leftOut, "mark"),
      ...notReadLine(notRead),
      ...incomplete(complete),
    ]),
    inShort: counted(total, "TODO or other mark", "TODOs and other marks"),
  };
}

function largePart({ overBytes, total, totalBytes, files, leftOut, complete }: LargeFiles): Part {
  const rows = files.map((file) => [inert(file.path), file.bytes, size(file.bytes)]);
  const inShort = `${counted(total, "file")} over ${size(overBytes)}`;
  return {
    body: paragraphs([
      total === 0 ? `No file is over ${size(overBytes)}.` : `${inShort}, together ${size(totalBytes)}.`,
      ...(rows.length > 0 ? [table(["File", "Bytes", "Size"], rows)] : []),
      ...leftOutLine(leftOut, "file"),
      ...incomplete(complete),
    ]),
    inShort,
  };
}

function licencesPart({ lockFiles, packages, licences: rows, leftOut, complete }: Licences): Part {
  const locks = lockFiles.map((file) => [
    inert(file.path),
    inert(file.format),
    file.packages === undefined ? inert(file.because ?? "") : digits(file.packages),
  ]);
  const used = rows.map((row) => [
    inert(row.licence),
    row.packages,
    row.production,
    row.examples.map(inert).join(", "),
  ]);
  return {
    body: paragraphs([
      ...(locks.length === 0
        ? ["No lock file was found."]
        : [table(["Lock file", "Format", "Packages"], locks)]),
      ...(used.length === 0
        ? []
        : [table(["Licence", "Packages", "Not only for development", "For example"], used)]),
      ...leftOutLine(leftOut, "licence"),
      ...incomplete(complete),
    ]),
    inShort:
      lockFiles.length === 0
        ? "no lock file"
        : `${counted(packages, "locked package")} under ${counted(rows.length + leftOut, "licence")}`,
  };
}

function gitPart(activity: GitActivity): Part {
  if (!activity.available)
    return {
      body: `Not available: ${inert(activity.because ?? "no reason given")}.`,
      inShort: "no git history",
    };
  const {
    commits,
    complete,
    shallow,
    authors,
    authorsLeftOut,
    months,
    latest,
    first = "",
    last = "",
  } = activity;
  let bound = complete ? "" : " (the newest; there are more)";
  if (shallow) bound = " (a shallow clone: older ones are not here)";
  return {
    body: paragraphs([
      `${counted(commits, "commit")}${bound}, from ${inert(day(first))} to ${inert(day(last))}.`,
      table(
        ["Author", "Commits"],
        authors.map((row) => [inert(row.name), row.commits]),
      ),
      ...leftOutLine(authorsLeftOut, "author"),
      table(
        ["Month", "Commits"],
        months.map((row) => [inert(row.month), row.commits]),
      ),
      table(
        ["Commit", "Date", "Author", "Subject"],
        latest.map((row) => [inert(row.commit), inert(day(row.date)), inert(row.author), inert(row.subject)]),
      ),
    ]),
    inShort: `${bound === "" ? "" : "at least "}${counted(commits, "commit")} by ${counted(authors.length + authorsLeftOut, "author")}`,
  };
}

function paragraphs(parts: readonly string[]): string {
  return parts.join("\n\n");
}

function day(time: string): string {
  return time.slice(0, "2026-01-01".length);
}

function leftOutLine(leftOut: number, noun: string): string[] {
  return leftOut === 0 ? [] : [`… and ${digits(leftOut)} more ${leftOut === 1 ? noun : `${noun}s`}.`];
}

function notReadLine({ binary, tooLarge, unreadable }: LineCount["notRead"]): string[] {
  const parts = [
    ...(binary > 0 ? [`${digits(binary)} binary`] : []),
    ...(tooLarge > 0 ? [`${digits(tooLarge)} too large`] : []),
    ...(unreadable > 0 ? [`${digits(unreadable)} unreadable`] : []),
  ];
  return parts.length === 0 ? [] : [`Not read: ${parts.join(", ")}.`];
}

function incomplete(complete: boolean): string[] {
  return complete
    ? []
    : ["The folder holds more files than an audit looks at, so these numbers are lower bounds."];
}
