import { defineAgent, type Agent } from "../../../shared/agent/define-agent.ts";
import { inBatches } from "../audit/list-files.ts";
import { WHOLE_FILE, withText } from "../audit/read-text.ts";
import { auditInput, ranked, todoList, type TodoList } from "../audit/results.ts";
import { scopeOf } from "../audit/scope.ts";
import type { Place } from "../handlers.ts";

/** A mark begins a line or a comment, or a colon follows it: a text that only speaks of marks has none. */
const MARK =
  /(?:^\s{0,40}|(?:\/\/|\/\*|\*|#|<!--|--|;|%)\s{0,8})(TODO|FIXME|HACK|XXX)\b(?![-\w])|\b(TODO|FIXME|HACK|XXX)(?:\([^)]{0,40}\))?:/;
const MAX_ITEMS = 100;
const MAX_TEXT = 160;

type Item = TodoList["items"][number];

/** Finds the lines that somebody marked to come back to: TODO, FIXME, HACK, XXX. */
export const agent = ({ auditRoot }: Place): Agent =>
  defineAgent({
    name: "todo_finder",
    tasks: {
      find_todos: {
        input: auditInput,
        output: todoList,
        handler: async (input, step) => {
          const { folder, files, complete } = await scopeOf(auditRoot, input, step);
          const notRead = { binary: 0, tooLarge: 0, unreadable: 0 };
          const counts = new Map<string, number>();
          const perFile = await inBatches(files, step.signal, (entry) =>
            withText({ folder, notRead }, entry.path, (file) =>
              marksIn(entry.path, file.readLines({ ...WHOLE_FILE, encoding: "utf8" }), counts),
            ),
          );
          const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
          const items = perFile.flatMap((found) => found ?? []).slice(0, MAX_ITEMS);
          step.progress(`${total} marks`);
          return {
            kind: "todo-list" as const,
            root: folder.name,
            complete,
            total,
            tags: ranked(
              Array.from(counts, ([tag, count]) => ({ tag, count })),
              (row) => row.count,
              (row) => row.tag,
            ),
            items,
            leftOut: total - items.length,
            notRead,
          };
        },
      },
    },
  });

/** The marked lines of one file; all are counted, and no more than can be shown are kept. */
async function marksIn(
  path: string,
  lines: AsyncIterable<string>,
  counts: Map<string, number>,
): Promise<Item[]> {
  const items: Item[] = [];
  let line = 0;
  for await (const text of lines) {
    line++;
    const [, first, second] = MARK.exec(text) ?? [];
    const tag = first ?? second;
    if (tag === undefined) continue;
    counts.set(tag, (counts.get(tag) ?? 0) + 1);
    if (items.length < MAX_ITEMS) items.push({ path, line, tag, text: text.trim().slice(0, MAX_TEXT) });
  }
  return items;
}
