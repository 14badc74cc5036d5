import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join } from "node:path/posix";
import { test } from "node:test";
import { PROJECT_ROOT } from "../shared/config.ts";
import { ATTRIBUTE, METRICS } from "../shared/telemetry/names.ts";

/**
 * Who may import whom. Each row is a layer: its files (the first row that fits counts), what of ours it may import (`types`:
 * only as types), which of Node's modules and which packages. Tests may import what they test.
 */
type Layer = {
  name: string;
  files: RegExp;
  imports: readonly string[];
  types?: readonly string[];
  node?: "any" | readonly string[];
  packages?: "any" | readonly string[];
};

const SHARED = ["names", "config", "contract", "domain", "telemetry", "bus", "agent", "catalog", "life"];
const SCHEMA = ["zod"];

const LAYERS: readonly Layer[] = [
  { name: "test", files: /\.test\.ts$|^test\//, imports: ["*"], node: "any", packages: "any" },
  { name: "names", files: /^shared\/telemetry\/names\.ts$/, imports: [] },
  { name: "config", files: /^shared\/config\.ts$/, imports: [], node: ["url"] },
  {
    name: "contract",
    files: /^shared\/contract\//,
    imports: ["contract"],
    node: ["crypto"],
    packages: [...SCHEMA, "canonicalize"],
  },
  { name: "domain", files: /^shared\/domain\//, imports: ["domain", "contract"], packages: SCHEMA },
  {
    name: "telemetry",
    files: /^shared\/telemetry\//,
    imports: ["telemetry", "names", "contract"],
    types: ["config"],
    node: "any",
    packages: "any",
  },
  {
    name: "bus",
    files: /^shared\/bus\//,
    imports: ["bus", "telemetry", "names", "contract"],
    types: ["config"],
    node: "any",
    packages: "any",
  },
  {
    name: "agent",
    files: /^shared\/agent\//,
    imports: ["agent", "bus", "telemetry", "names", "contract", "domain"],
    types: ["config"],
    node: "any",
    packages: SCHEMA,
  },
  {
    name: "catalog",
    files: /^shared\/catalog\//,
    imports: ["catalog", "domain", "contract", "config"],
    node: "any",
    packages: [...SCHEMA, "yaml"],
  },
  { name: "life", files: /^shared\/(service|service-end|refusal)\.ts$/, imports: SHARED, node: "any" },
  {
    name: "main",
    files: /^services\/[^/]+\/main\.ts$/,
    imports: ["pure", "effect", "door", "observe", ...SHARED],
    node: "any",
  },
  {
    name: "observe",
    files: /^services\/[^/]+\/observe\.ts$/,
    imports: ["names"],
    types: ["contract", "pure"],
  },
  {
    name: "effect",
    files: /^services\/(htdag\/model|agents\/(handlers|model|simulated|handlers\/.+|audit\/.+))\.ts$/,
    imports: ["pure", "effect", "domain", "contract", "agent", "config"],
    node: "any",
    packages: [...SCHEMA, "ai", "@ai-sdk/openai-compatible"],
  },
  {
    name: "door",
    files: /^services\/gateway\/(submit|room)\.ts$/,
    imports: ["pure", "bus", "telemetry", "names", "contract"],
    node: "any",
  },
  {
    name: "pure",
    files: /^services\//,
    imports: ["pure", "domain", "contract"],
    types: ["agent", "bus"],
    packages: SCHEMA,
  },
  { name: "local", files: /^local\//, imports: ["local", ...SHARED], node: "any", packages: "any" },
  {
    name: "outside",
    files: /^(cli|bench|examples|docs)\//,
    imports: ["outside", "local", "pure", "observe", ...SHARED],
    node: "any",
    packages: "any",
  },
];

/** Packages that one layer keeps to itself, so that a change of them is a change of one folder. Tests may use them all. */
const RESERVED: readonly { packages: RegExp; layers: readonly string[]; folders?: RegExp }[] = [
  { packages: /^@nats-io\//, layers: ["bus"], folders: /^examples\// },
  { packages: /^(@opentelemetry\/|prom-client$|pino$)/, layers: ["telemetry"] },
  { packages: /^(ai$|@ai-sdk\/)/, layers: ["effect"] },
  { packages: /^yaml$/, layers: ["catalog"], folders: /^docs\// },
];

const FILES = globSync("{services,shared,cli,local,bench,test,examples,docs}/**/*.ts", { cwd: PROJECT_ROOT });
const SOURCES = new Map(FILES.map((path) => [path, readFileSync(join(PROJECT_ROOT, path), "utf8")]));

type Import = { from: string; target: string; isType: boolean };

const STATEMENT = /^(?:import|export)\s+(type\s+)?((?:[^;"']*?\s)?)from\s+"([^"]+)"/gm;
const BARE = /^import\s+"([^"]+)"/gm;
const DYNAMIC = /\bimport\(\s*"([^"]+)"\s*\)/g;

/** Every import of a file: statements, re-exports, and `import()` of a literal. */
function importsOf(from: string, source: string): Import[] {
  const statements = [...source.matchAll(STATEMENT)].map(([, type, names = "", target = ""]) => {
    const listed =
      /\{([^}]*)\}/
        .exec(names)?.[1]
        ?.split(",")
        .filter((name) => name.trim()) ?? [];
    const areTypes = listed.length > 0 && listed.every((name) => /^\s*type\s/.test(name));
    return { from, target, isType: type !== undefined || areTypes };
  });
  const others = [...source.matchAll(BARE), ...source.matchAll(DYNAMIC)];
  return [...statements, ...others.map(([, target = ""]) => ({ from, target, isType: false }))];
}

const IMPORTS = [...SOURCES].flatMap(([path, source]) => importsOf(path, source));

function layerOf(path: string): Layer {
  const layer = LAYERS.find(({ files }) => files.test(path));
  assert.ok(layer, `${path} is in no layer`);
  return layer;
}

/** An import of our own source; JSON is not code. */
const isOurs = ({ target }: Import): boolean => target.startsWith(".") && target.endsWith(".ts");
const isNode = ({ target }: Import): boolean => target.startsWith("node:") || builtinModules.includes(target);
const resolved = ({ from, target }: Import): string => join(dirname(from), target);
const serviceOf = (path: string): string | undefined => /^services\/([^/]+)\//.exec(path)?.[1];
const found = (wrong: readonly Import[]): string[] => wrong.map(({ from, target }) => `${from} -> ${target}`);

test("the reader of imports sees every form", () => {
  const source = [
    'import a from "./a.ts";',
    'import type { B } from "./b.ts";',
    'import {\n  type C,\n  type D,\n} from "./c.ts";',
    'import { type E, f } from "./e.ts";',
    'import "./g.ts";',
    'export { h } from "./h.ts";',
    'export * from "./i.ts";',
    'const j = await import("./j.ts");',
    'const text = "not an import from";',
  ].join("\n");
  assert.deepEqual(
    importsOf("x.ts", source).map(({ target, isType }) => `${target}${isType ? " type" : ""}`),
    ["./a.ts", "./b.ts type", "./c.ts type", "./e.ts", "./h.ts", "./i.ts", "./g.ts", "./j.ts"],
  );
  assert.ok(IMPORTS.length > 100);
});

test("every file is in a layer, and imports only from the layers below it", () => {
  const wrong = IMPORTS.filter(isOurs).filter((one) => {
    const { imports, types = [] } = layerOf(one.from);
    const { name } = layerOf(resolved(one));
    const mayImport = imports.includes("*") || imports.includes(name) || (one.isType && types.includes(name));
    return !mayImport;
  });
  assert.deepEqual(found(wrong), []);
});

test("no service imports another, and nobody imports a main", () => {
  const wrong = IMPORTS.filter(isOurs).filter((one) => {
    const [own, other] = [serviceOf(one.from), serviceOf(resolved(one))];
    const isForeign = own !== undefined && other !== undefined && own !== other;
    return isForeign || layerOf(resolved(one)).name === "main";
  });
  assert.deepEqual(found(wrong), []);
});

test("pure files use no module of Node's and no package but the schema library", () => {
  const wrong = IMPORTS.filter(({ target }) => !target.startsWith(".")).filter((one) => {
    const { node = [], packages = [] } = layerOf(one.from);
    const allowed = isNode(one) ? node : packages;
    return allowed !== "any" && !allowed.includes(one.target.replace(/^node:/, ""));
  });
  assert.deepEqual(found(wrong), []);
});

test("packages of the broker, of telemetry, of models and of YAML stay in their folders", () => {
  const wrong = IMPORTS.filter((one) => {
    const row = RESERVED.find(({ packages }) => packages.test(one.target));
    const { name } = layerOf(one.from);
    return row && name !== "test" && !row.layers.includes(name) && !row.folders?.test(one.from);
  });
  assert.deepEqual(found(wrong), []);
});

/** The files that run, tests not counted, and what else may do as it likes. */
const RUNNING = [...SOURCES].filter(([path]) => layerOf(path).name !== "test" && !path.startsWith("bench/"));

test("only the table of settings reads the environment, and examples, which know nothing of ours", () => {
  const wrong = RUNNING.filter(
    ([path, source]) =>
      path !== "shared/config.ts" &&
      !path.startsWith("examples/") &&
      /\bprocess\.env\b|"node:process"/.test(source),
  );
  assert.deepEqual(
    wrong.map(([path]) => path),
    [],
  );
});

test("pure files have no clock, no chance, no globals of the process and no network", () => {
  const impure =
    /\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bMath\.random\b|\bcrypto\.|\bprocess\.|\bfetch\(|\bset(Timeout|Interval|Immediate)\b|\bconsole\./;
  const wrong = RUNNING.filter(
    ([path, source]) =>
      ["contract", "domain", "pure", "observe"].includes(layerOf(path).name) && impure.test(source),
  );
  assert.deepEqual(
    wrong.map(([path, source]) => `${path}: ${impure.exec(source)?.[0]}`),
    [],
  );
});

test("names of metrics and attributes stand in names.ts alone", () => {
  const names = [...Object.values(METRICS).map(({ name }) => name), ...Object.values(ATTRIBUTE)];
  const wrong = RUNNING.filter(([path]) => path !== "shared/telemetry/names.ts").flatMap(([path, source]) =>
    names
      .filter((name) => [`"${name}"`, `'${name}'`, `\`${name}\``].some((literal) => source.includes(literal)))
      .map((name) => `${path}: ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test("there are no default exports, and no files that only pass on others' exports", () => {
  const wrong = RUNNING.filter(
    ([path, source]) => /^export default\b/m.test(source) || /(^|\/)index\.ts$/.test(path),
  );
  assert.deepEqual(
    wrong.map(([path]) => path),
    [],
  );
});
