import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "../config.ts";
import { catalogSchemas } from "./json-schemas.ts";

// Run it after a change of the catalogue's schemas: node shared/catalog/write-schemas.ts
for (const [name, schema] of Object.entries(catalogSchemas()))
  writeFileSync(join(PROJECT_ROOT, "catalog", "schemas", name), `${JSON.stringify(schema, null, 2)}\n`);
