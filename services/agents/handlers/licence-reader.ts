import { posix } from "node:path";
import { z } from "zod";
import { defineAgent, type Agent } from "../../../shared/agent/define-agent.ts";
import { inBatches } from "../audit/list-files.ts";
import { withText } from "../audit/read-text.ts";
import { auditInput, licences, ranked, type Licences } from "../audit/results.ts";
import type { AuditFolder } from "../audit/root.ts";
import { scopeOf } from "../audit/scope.ts";
import type { Place } from "../handlers.ts";

const NPM = "package-lock.json";
/** Lock files that are named and not read: these formats do not say licences. */
const OTHER_FORMATS: ReadonlyMap<string, string> = new Map([
  ["npm-shrinkwrap.json", "npm shrinkwrap"],
  ["yarn.lock", "Yarn"],
  ["pnpm-lock.yaml", "pnpm"],
  ["bun.lock", "Bun"],
  ["Cargo.lock", "Cargo"],
  ["go.sum", "Go"],
  ["poetry.lock", "Poetry"],
  ["uv.lock", "uv"],
  ["Pipfile.lock", "Pipenv"],
  ["composer.lock", "Composer"],
  ["Gemfile.lock", "Bundler"],
]);
const MAX_LOCK_FILES = 50;
const MAX_LICENCES = 50;
const MAX_EXAMPLES = 5;
const MAX_NAME = 80;
const UNKNOWN = "not stated";

const lockedPackage = z.looseObject({
  version: z.string().optional(),
  license: z.unknown().optional(),
  link: z.boolean().optional(),
  dev: z.boolean().optional(),
  devOptional: z.boolean().optional(),
});
const packageLock = z.looseObject({
  lockfileVersion: z.number(),
  packages: z.record(z.string(), lockedPackage).optional(),
});

type Row = Licences["licences"][number];
type LockFile = Licences["lockFiles"][number];
type Found = { rows: Map<string, Row>; seen: Set<string> };

/** Reads the licences of the locked packages out of npm's lock files, and names the lock files of other package managers. */
export const agent = ({ auditRoot }: Place): Agent =>
  defineAgent({
    name: "licence_reader",
    tasks: {
      read_licences: {
        input: auditInput,
        output: licences,
        handler: async (input, step) => {
          const { folder, files, complete } = await scopeOf(auditRoot, input, step);
          const found: Found = { rows: new Map(), seen: new Set() };
          const paths = files.map((file) => file.path).filter(isLockFile);
          const lockFiles = await inBatches(paths.slice(0, MAX_LOCK_FILES), step.signal, async (path) => ({
            path,
            ...(await readLockFile(folder, path, found)),
          }));
          const byUse = ranked(
            found.rows.values(),
            (row) => row.packages,
            (row) => row.licence,
          );
          step.progress(`${found.seen.size} packages under ${byUse.length} licences`);
          return {
            kind: "licences" as const,
            root: folder.name,
            complete: complete && paths.length <= MAX_LOCK_FILES,
            lockFiles,
            packages: found.seen.size,
            licences: byUse.slice(0, MAX_LICENCES),
            leftOut: Math.max(0, byUse.length - MAX_LICENCES),
          };
        },
      },
    },
  });

function isLockFile(path: string): boolean {
  const name = posix.basename(path);
  return name === NPM || OTHER_FORMATS.has(name);
}

async function readLockFile(
  folder: AuditFolder,
  path: string,
  found: Found,
): Promise<Omit<LockFile, "path">> {
  const other = OTHER_FORMATS.get(posix.basename(path));
  if (other !== undefined) return { format: other, because: "this format does not state licences" };
  const notRead = { binary: 0, tooLarge: 0, unreadable: 0 };
  const text = await withText({ folder, notRead }, path, (file) => file.readFile("utf8"));
  if (text === undefined) return { format: "npm", because: "too large or not readable" };
  const lock = packageLock.safeParse(parseOrUndefined(text));
  if (!lock.success) return { format: "npm", because: "not a lock file of npm" };
  const { lockfileVersion, packages } = lock.data;
  const format = `npm, version ${lockfileVersion}`;
  if (packages === undefined) return { format, because: "this version does not state licences" };
  const installed = Object.entries(packages).filter(
    ([at, entry]) => at.includes("node_modules/") && !entry.link,
  );
  for (const [at, entry] of installed) count(at, entry, found);
  return { format, packages: installed.length };
}

/** Counts a package once per version, however often it is installed. */
function count(at: string, entry: z.output<typeof lockedPackage>, { rows, seen }: Found): void {
  const name = at.slice(at.lastIndexOf("node_modules/") + "node_modules/".length).slice(0, MAX_NAME);
  const key = `${name}@${entry.version ?? ""}`;
  if (seen.has(key)) return;
  seen.add(key);
  const licence = typeof entry.license === "string" ? entry.license.slice(0, MAX_NAME) : UNKNOWN;
  const row = rows.get(licence) ?? { licence, packages: 0, production: 0, examples: [] };
  row.packages++;
  if (entry.dev !== true && entry.devOptional !== true) row.production++;
  if (row.examples.length < MAX_EXAMPLES) row.examples.push(name);
  rows.set(licence, row);
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
