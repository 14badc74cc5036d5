import { defineAgent, type Agent } from "../../../shared/agent/define-agent.ts";
import { languageOf } from "../audit/languages.ts";
import { inBatches } from "../audit/list-files.ts";
import { WHOLE_FILE, withText } from "../audit/read-text.ts";
import { auditInput, lineCount, ranked, type LineCount } from "../audit/results.ts";
import { scopeOf } from "../audit/scope.ts";
import type { Place } from "../handlers.ts";

const MAX_LANGUAGES = 40;
const NEWLINE = 10;

/** Counts the lines of the text files of a folder, by language. */
export const agent = ({ auditRoot }: Place): Agent =>
  defineAgent({
    name: "line_counter",
    tasks: {
      count_lines: {
        input: auditInput,
        output: lineCount,
        handler: async (input, step) => {
          const { folder, files, complete } = await scopeOf(auditRoot, input, step);
          const notRead = { binary: 0, tooLarge: 0, unreadable: 0 };
          const byLanguage = new Map<string, LineCount["languages"][number]>();
          await inBatches(files, step.signal, async (entry) => {
            const lines = await withText({ folder, notRead }, entry.path, (file) =>
              countLines(file.createReadStream(WHOLE_FILE)),
            );
            if (lines !== undefined)
              add(byLanguage, { language: languageOf(entry.path), lines, bytes: entry.bytes });
          });
          const languages = ranked(
            byLanguage.values(),
            (row) => row.lines,
            (row) => row.language,
          );
          const lines = languages.reduce((sum, row) => sum + row.lines, 0);
          step.progress(`${lines} lines in ${languages.length} languages`);
          return {
            kind: "line-count" as const,
            root: folder.name,
            complete,
            files: languages.reduce((sum, row) => sum + row.files, 0),
            lines,
            languages: languages.slice(0, MAX_LANGUAGES),
            leftOut: Math.max(0, languages.length - MAX_LANGUAGES),
            notRead,
          };
        },
      },
    },
  });

/** Lines as an editor numbers them: a last line without a newline counts, an empty file has none. */
async function countLines(chunks: AsyncIterable<Buffer>): Promise<number> {
  let lines = 0;
  let last = NEWLINE;
  for await (const chunk of chunks) {
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, at + 1)) lines++;
    last = chunk.at(-1) ?? last;
  }
  return last === NEWLINE ? lines : lines + 1;
}

function add(
  byLanguage: Map<string, LineCount["languages"][number]>,
  { language, lines, bytes }: { language: string; lines: number; bytes: number },
): void {
  const row = byLanguage.get(language) ?? { language, files: 0, lines: 0, bytes: 0 };
  byLanguage.set(language, {
    language,
    files: row.files + 1,
    lines: row.lines + lines,
    bytes: row.bytes + bytes,
  });
}
