import { fileURLToPath } from "node:url";
import { up } from "../../local/up.ts";

/** `genesis up` with stub services: `node up-with-stubs.ts DIR NAME…`. Port 0, profile fast, ready line as JSON. */
const [dir = "", ...names] = process.argv.slice(2);
const main = fileURLToPath(new URL("stub-service.ts", import.meta.url));
await up({ dir, port: 0, profile: "fast", json: true, services: names.map((name) => ({ name, main })) });
