import { format, type FormatConfig } from "oxfmt";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT_ROOT } from "../shared/config.ts";
import { asyncapiText } from "./generate/asyncapi.ts";
import { CONTRACT_SECTIONS } from "./generate/contract-tables.ts";
import { pageWithSections } from "./generate/markdown.ts";
import { OVERHEAD_DOCUMENTS } from "./generate/overhead.ts";
import { jsonSchemaOf, schemaPath, SCHEMAS } from "./generate/schemas.ts";
import { DASHBOARD_DOCUMENTS } from "./generate/dashboards/documents.ts";
import { settingsPage } from "./generate/settings-page.ts";
import { SLO_DOCUMENTS } from "./generate/slo.ts";
import { TELEMETRY_DOCUMENTS } from "./generate/telemetry.ts";

/**
 * The documents that are made from code: run this file and they are written, `test/docs.test.ts` says when they are stale.
 * By their paths in the repository.
 */
export const GENERATED: Readonly<Record<string, () => string>> = {
  "docs/settings.md": settingsPage,
  "docs/contract.md": () => pageWithSections("docs/contract.md", CONTRACT_SECTIONS),
  "docs/asyncapi.yaml": asyncapiText,
  ...TELEMETRY_DOCUMENTS,
  ...DASHBOARD_DOCUMENTS,
  ...SLO_DOCUMENTS,
  ...OVERHEAD_DOCUMENTS,
  ...Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, schema]) => [
      `docs/${schemaPath(name)}`,
      () => JSON.stringify(jsonSchemaOf(schema), null, 2),
    ]),
  ),
};

const STYLE = JSON.parse(readFileSync(join(PROJECT_ROOT, ".oxfmtrc.json"), "utf8")) as FormatConfig;

/** The text of a generated document, in the style that the formatter asks of every file. */
export async function generated(path: string): Promise<string> {
  const { code, errors } = await format(path, GENERATED[path]!(), STYLE);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`);
  return code;
}

if (import.meta.main) {
  for (const path of Object.keys(GENERATED)) {
    mkdirSync(dirname(join(PROJECT_ROOT, path)), { recursive: true });
    writeFileSync(join(PROJECT_ROOT, path), await generated(path));
  }
}
