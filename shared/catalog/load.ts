import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { PROJECT_ROOT } from "../config.ts";
import { canonicalJson, sha256 } from "../contract/plan-hash.ts";
import { isToken } from "../contract/subjects.ts";
import { agentsFile } from "../domain/agents.ts";
import type { Catalog } from "../domain/catalog.ts";
import { methodsFile } from "../domain/methods.ts";
import { rulesFile } from "../domain/rules.ts";
import { checkTogether, type CatalogFiles } from "./check.ts";
import { readYaml, type Problem } from "./yaml-file.ts";

/** A catalogue that cannot be used. File, line and reason are the first problem's; `problems` has all of them. */
export class CatalogError extends Error {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly problems: readonly Problem[];

  constructor(problems: readonly [Problem, ...Problem[]]) {
    const [{ file, line, reason }] = problems;
    const more = problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`;
    // A catalogue that is not there has no lines.
    super(`${file}${line === 0 ? "" : `:${line}`}: ${reason}${more}`);
    this.name = "CatalogError";
    this.file = file;
    this.line = line;
    this.reason = reason;
    this.problems = problems;
  }
}

/**
 * Reads catalogues and merges them into one. @param names each the name of a shipped catalogue or the path of a folder
 * that holds agents.yaml, rules.yaml and methods.yaml
 * @throws CatalogError with file, line and reason of everything that is wrong
 */
export function loadCatalog(names: readonly string[]): Catalog {
  const read = names.map(readPart);
  refuse(read.flatMap(({ problems }) => problems));
  const parts = read.flatMap(({ part }) => part ?? []);
  refuse(checkTogether(parts));
  const agents = parts.flatMap((part) => part.agents.value.agents);
  const rules = byPriority(parts.flatMap((part) => part.rules.value.rules));
  const methods = byPriority(parts.flatMap((part) => part.methods.value.methods));
  return frozen({
    agents,
    rules,
    methods,
    rulesVersion: parts.map((part) => `${part.name}@${part.rules.value.version}`).join(" "),
    rulesHash: sha256(canonicalJson(rules)),
    registryHash: sha256(canonicalJson(agents)),
  });
}

function refuse(problems: readonly Problem[]): void {
  const [first, ...more] = problems;
  if (first) throw new CatalogError([first, ...more]);
}

function readPart(name: string): { part?: CatalogFiles; problems: Problem[] } {
  const folder = folderOf(name);
  if (!existsSync(folder)) return { problems: [{ file: name, line: 0, reason: noSuch() }] };
  const agents = readYaml(join(folder, "agents.yaml"), agentsFile);
  const rules = readYaml(join(folder, "rules.yaml"), rulesFile);
  const methods = readYaml(join(folder, "methods.yaml"), methodsFile);
  if (Array.isArray(agents) || Array.isArray(rules) || Array.isArray(methods))
    return { problems: [agents, rules, methods].flatMap((file) => (Array.isArray(file) ? file : [])) };
  return { part: { name: basename(folder), agents, rules, methods }, problems: [] };
}

function noSuch(): string {
  const folders = readdirSync(join(PROJECT_ROOT, "catalog"), { withFileTypes: true });
  const shipped = folders.filter((one) => existsSync(join(one.parentPath, one.name, "agents.yaml")));
  const names = shipped.map(({ name }) => name).toSorted();
  return `there is no such catalogue or folder; shipped are ${names.join(" and ")}`;
}

/** The name by which a catalogue is found from any folder: of a shipped one the same, of a folder its whole path. */
export function nameFromAnywhere(name: string): string {
  const folder = folderOf(name);
  return folder === name ? resolve(name) : name;
}

/** A shipped catalogue goes before a folder of the same name: `./business` is always the folder. */
function folderOf(name: string): string {
  const shipped = join(PROJECT_ROOT, "catalog", name);
  return isToken(name) && existsSync(shipped) ? shipped : name;
}

function byPriority<T extends { priority: number }>(entries: readonly T[]): T[] {
  return entries.toSorted((a, b) => b.priority - a.priority);
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}
