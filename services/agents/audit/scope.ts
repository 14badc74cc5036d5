import type { z } from "zod";
import type { StepContext } from "../../../shared/agent/define-agent.ts";
import { listFiles, type FileEntry } from "./list-files.ts";
import { fileList, resultOfKind, type auditInput } from "./results.ts";
import { auditFolder, type AuditFolder } from "./root.ts";

/** What one audit step looks at. `complete` is false when the folder holds more than an audit looks at. */
export type Scope = { folder: AuditFolder; files: FileEntry[]; complete: boolean };

/**
 * The folder and files of a step: what a file list among its results says, when that list is whole; else the folder is
 * listed again.
 * @throws GenesisError `E_FORBIDDEN` outside the configured root, whoever named the folder
 */
export async function scopeOf(
  auditRoot: string,
  input: z.output<typeof auditInput>,
  step: Pick<StepContext, "results" | "signal">,
): Promise<Scope> {
  const listed = resultOfKind(step.results, fileList);
  const folder = await auditFolder(auditRoot, input.root ?? listed?.root ?? ".");
  const isWhole = listed !== undefined && listed.root === folder.name && listed.leftOut === 0;
  if (isWhole) return { folder, files: listed.files, complete: listed.complete };
  const { files, complete } = await listFiles(folder, step.signal);
  return { folder, files, complete };
}
