import { posix } from "node:path";
import { text } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import { defineAgent, type Agent } from "../../../shared/agent/define-agent.ts";
import { WHOLE_FILE, withText } from "../audit/read-text.ts";
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
/** Where an installed package stands in the lock file; other entries are the project's own folders. */
const INSTALLED = "node_modules/";
/** So many packages are looked at before others get their turn in this process. */
const UNINTERRUPTED = 1000;

const lockedPackage = z.looseObject({
  version: z.string().optional(),
  license: z.unknown().optional(),
  link: z.boolean().optional(),
  dev: z.boolean().optional(),
  devOptional: z.boolean().optional(),
});
const packageLock = z.looseObject({
  lockfileVersion: z.number(),
  packages: z.record(z.string(), z.unknown()).optional(),
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
          const lockFiles: LockFile[] = [];
          for (const path of paths.slice(0, MAX_LOCK_FILES)) {
            step.signal.throwIfAborted();
            lockFiles.push({ path, ...(await readLockFile(folder, path, found)) });
          }
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
  const content = await withText({ folder, notRead }, path, (file) =>
    text(file.createReadStream(WHOLE_FILE)),
  );
  if (content === undefined) return { format: "npm", because: "too large or not readable" };
  const lock = packageLock.safeParse(parseOrUndefined(content));
  if (!lock.success) return { format: "npm", because: "not a lock file of npm" };
  const { lockfileVersion, packages } = lock.data;
  const format = `npm, version ${lockfileVersion}`;
  if (packages === undefined) return { format, because: "this version does not state licences" };
  return { format, packages: await countAll(Object.entries(packages), found) };
}

/** Counts the installed packages among the entries of a lock file, and says how many there are: each version once. */
async function countAll(entries: [string, unknown][], found: Found): Promise<number> {
  const installed = new Set<string>();
  for (const [i, [at, value]] of entries.entries()) {
    if (i % UNINTERRUPTED === 0) await setImmediate();
    const entry = lockedPackage.safeParse(value).data;
    if (entry === undefined || entry.link === true || !at.includes(INSTALLED)) continue;
    const name = at.slice(at.lastIndexOf(INSTALLED) + INSTALLED.length).slice(0, MAX_NAME);
    const key = `${name}@${entry.version ?? ""}`;
    installed.add(key);
    if (!found.seen.has(key)) count(name, entry, found.rows);
    found.seen.add(key);
  }
  return installed.size;
}

function count(name: string, entry: z.output<typeof lockedPackage>, rows: Found["rows"]): void {
  const licence = typeof entry.license === "string" ? entry.license.slice(0, MAX_NAME) : UNKNOWN;
  const row = rows.get(licence) ?? { licence, packages: 0, production: 0, examples: [] };
  row.packages++;
  if (entry.dev !== true && entry.devOptional !== true) row.production++;
  if (row.examples.length < MAX_EXAMPLES) row.examples.push(name);
  rows.set(licence, row);
}

function parseOrUndefined(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
