import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CatalogError, loadCatalog } from "../../shared/catalog/load.ts";

/** A small catalogue that is right, file by file. */
export const GOOD = {
  "agents.yaml": `agents:
  - name: coder
    taskTypes: [code, test]
    costTier: cheap
    successRate: 0.8
    concurrency: 2
`,
  "rules.yaml": `version: "3"
rules:
  - id: rule_code
    when: { taskType: code }
    agent: coder
    because: coding
`,
  "methods.yaml": `methods:
  - id: make
    version: 1
    task: goal
    ordered:
      - { id: code, task: code, title: Code it }
      - { id: test, task: test, title: Test it }
`,
};
export type Files = Partial<Record<keyof typeof GOOD, string | Uint8Array>>;

/** A place for catalogues that tests make, until it is removed. */
export function catalogFolders() {
  const place = mkdtempSync(join(tmpdir(), "genesis-catalog-"));
  let count = 0;

  /** A folder with a good catalogue, except for the files given. */
  function folderWith(files: Files = {}, name = `c${count++}`): string {
    const folder = join(place, name);
    mkdirSync(folder);
    for (const [file, text] of Object.entries({ ...GOOD, ...files })) writeFileSync(join(folder, file), text);
    return folder;
  }

  return { folderWith, errorOf, remove: () => rmSync(place, { recursive: true }) };
}

/** What is wrong with catalogues. */
function errorOf(names: string[]): CatalogError {
  try {
    loadCatalog(names);
  } catch (error) {
    if (error instanceof CatalogError) return error;
    throw error;
  }
  assert.fail("the catalogue was accepted");
}
