import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { GENERATED, generated } from "../docs/generate.ts";
import { PROJECT_ROOT, SETTINGS } from "../shared/config.ts";

const read = (path: string): string => readFileSync(join(PROJECT_ROOT, path), "utf8");
const PAGES = ["README.md", ...globSync("{docs,examples}/**/*.md", { cwd: PROJECT_ROOT })].map((path) => ({
  path,
  text: read(path),
}));

for (const path of Object.keys(GENERATED)) {
  test(`${path} is what the code makes of it`, async () => {
    assert.equal(read(path), await generated(path), "run npm run docs");
  });
}

test("every setting has its line on the settings page", () => {
  const lines = read("docs/settings.md").split("\n");
  for (const { variable, means } of Object.values(SETTINGS)) {
    assert.ok(
      lines.some((line) => line.startsWith(`| \`${variable}\``) && line.includes(means)),
      variable,
    );
  }
});

test("every setting that a page names is one", () => {
  const known = new Set<string>(Object.values(SETTINGS).map(({ variable }) => variable));
  const named = PAGES.flatMap(({ path, text }) =>
    [...text.matchAll(/\bGENESIS_[A-Z_]+\b/g)].map(([name]) => ({ path, name })),
  );
  const streams = ["GENESIS_INBOX", "GENESIS_DLQ", "GENESIS_TIMERS", "GENESIS_CLAIMS"];
  assert.deepEqual(
    named.filter(({ name }) => !known.has(name) && !streams.includes(name)),
    [],
  );
});

test("every link of a page leads to a file, and to a heading in it", () => {
  const links = PAGES.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].map(([, to = "", heading]) => {
      return { from: path, to: join(dirname(path), to === "" ? path.split("/").at(-1)! : to), heading };
    }),
  );
  assert.ok(links.length > 30);
  const leadsNowhere = links.filter(
    ({ to, heading }) =>
      !existsSync(join(PROJECT_ROOT, to)) || (heading !== undefined && !headingsOf(to).includes(heading)),
  );
  assert.deepEqual(leadsNowhere, []);
});

/** The headings of a page as the anchors that they get on the web. */
function headingsOf(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

test("every command and option that a page shows exists", () => {
  const shown = PAGES.flatMap(({ path, text }) =>
    [
      ...text.matchAll(/npx genesis ([a-z]+(?: (?:list|show|redrive|agents|rules|methods))?)([^\n`#|]*)/g),
    ].map(([, command = "", rest = ""]) => ({
      path,
      command,
      options: rest.match(/(?<=\s)--?[a-z][a-z-]*/g) ?? [],
    })),
  );
  const commands = new Set(
    shown.map(({ command }) => command).filter((command) => !command.startsWith("help")),
  );
  assert.ok(commands.size > 8);
  for (const command of commands) {
    const help = helpOf(command);
    for (const { path, options } of shown.filter((one) => one.command === command)) {
      for (const option of options) assert.ok(help.includes(` ${option}`), `${path}: ${command} ${option}`);
    }
  }
});

function helpOf(command: string): string {
  const launcher = join(PROJECT_ROOT, "cli", "genesis.js");
  const { status, stdout } = spawnSync(process.execPath, [launcher, ...command.split(" "), "--help"], {
    encoding: "utf8",
  });
  assert.equal(status, 0, command);
  return stdout;
}
