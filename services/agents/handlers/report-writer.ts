import { randomUUID } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { z } from "zod";
import { defineAgent, type Agent } from "../../../shared/agent/define-agent.ts";
import { auditReportOf } from "../audit/report.ts";
import { auditReport } from "../audit/results.ts";
import type { Place } from "../handlers.ts";

/** Joins the results of an audit's steps into one Markdown report, and leaves it in the results folder of the run. */
export const agent = ({ resultsDir }: Place): Agent =>
  defineAgent({
    name: "report_writer",
    tasks: {
      audit_report: {
        input: z.object({}),
        output: auditReport,
        handler: async (_input, step) => {
          const { markdown, summary } = auditReportOf(step.results);
          const folder = resolve(resultsDir, step.run);
          const path = join(folder, "audit-report.md");
          await mkdir(folder, { recursive: true });
          step.signal.throwIfAborted();
          await replaceFile(path, markdown);
          step.progress(path);
          return { kind: "audit-report" as const, markdown, path, summary };
        },
      },
    },
  });

/** Whoever reads the file sees the old text or the new one; two writers at once do not mix theirs. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(draft, text, { flag: "wx" });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
