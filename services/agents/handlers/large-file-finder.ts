import { defineAgent, type Agent } from "../../../shared/agent/define-agent.ts";
import { auditInput, largeFiles, ranked } from "../audit/results.ts";
import { scopeOf } from "../audit/scope.ts";
import type { Place } from "../handlers.ts";

/** A source file over 100 KiB is usually generated, vendored or not source. */
const OVER_BYTES = 100 * 1024;
const MAX_SHOWN = 20;

/** Finds the files over 100 KiB, the largest first. */
export const agent = ({ auditRoot }: Place): Agent =>
  defineAgent({
    name: "large_file_finder",
    tasks: {
      find_large_files: {
        input: auditInput,
        output: largeFiles,
        handler: async (input, step) => {
          const { folder, files, complete } = await scopeOf(auditRoot, input, step);
          const large = ranked(
            files.filter((file) => file.bytes > OVER_BYTES),
            (file) => file.bytes,
            (file) => file.path,
          );
          step.progress(`${large.length} of ${files.length} files are large`);
          return {
            kind: "large-files" as const,
            root: folder.name,
            complete,
            overBytes: OVER_BYTES,
            total: large.length,
            totalBytes: large.reduce((sum, file) => sum + file.bytes, 0),
            files: large.slice(0, MAX_SHOWN),
            leftOut: Math.max(0, large.length - MAX_SHOWN),
          };
        },
      },
    },
  });
