import { defineAgent, type Agent } from "../../../shared/agent/define-agent.ts";
import { listFiles, type FileEntry } from "../audit/list-files.ts";
import { auditInput, fileList } from "../audit/results.ts";
import { auditFolder } from "../audit/root.ts";
import type { Place } from "../handlers.ts";

/** A list of this size fits into the dispatch of several steps that read it. */
const MAX_LIST_BYTES = 96 * 1024;

/** Lists the files of a folder, with their sizes. */
export const agent = ({ auditRoot }: Place): Agent =>
  defineAgent({
    name: "file_lister",
    tasks: {
      list_files: {
        input: auditInput,
        output: fileList,
        handler: async (input, step) => {
          const folder = await auditFolder(auditRoot, input.root ?? ".");
          const { files, ...rest } = await listFiles(folder, step.signal);
          const fitting = thatFit(files);
          step.progress(`${files.length} files`);
          return {
            kind: "file-list" as const,
            root: folder.name,
            ...rest,
            total: files.length,
            totalBytes: files.reduce((sum, file) => sum + file.bytes, 0),
            files: fitting,
            leftOut: files.length - fitting.length,
          };
        },
      },
    },
  });

function thatFit(files: FileEntry[]): FileEntry[] {
  let bytes = 0;
  const first = files.findIndex(
    (file) => (bytes += Buffer.byteLength(JSON.stringify(file)) + 1) > MAX_LIST_BYTES,
  );
  return first === -1 ? files : files.slice(0, first);
}
