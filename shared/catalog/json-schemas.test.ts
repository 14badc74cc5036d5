import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT_ROOT } from "../config.ts";
import { catalogSchemas } from "./json-schemas.ts";

for (const [name, schema] of Object.entries(catalogSchemas())) {
  test(`catalog/schemas/${name} is what the code says; else run node shared/catalog/write-schemas.ts`, () => {
    const written: unknown = JSON.parse(readFileSync(join(PROJECT_ROOT, "catalog", "schemas", name), "utf8"));
    assert.deepEqual(written, schema);
  });
}
