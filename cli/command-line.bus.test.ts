import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { genesis, type Outcome } from "../test/support/genesis.ts";

/** A folder without an instance in it or above it. */
let cwd: string;
before(() => (cwd = mkdtempSync(join(tmpdir(), "genesis-cli-"))));
after(() => rmSync(cwd, { recursive: true }));
const run = (...args: string[]): Promise<Outcome> => genesis(args, { cwd });
const oneLine = /^genesis: [^\n]+\n$/;

/** The commands that a help page lists. */
const listed = ({ stdout }: Outcome): string[] =>
  stdout
    .slice(stdout.indexOf("\nCommands:\n"))
    .split("\n")
    .flatMap((line) => /^ {2}([a-z]+)/.exec(line)?.[1] ?? [])
    .filter((name) => name !== "help");

describe("the command table", () => {
  test("help lists every command, and so does the bare name", async () => {
    const help = await run("--help");
    assert.deepEqual([help.status, help.stderr], [0, ""]);
    const names =
      "demo up down setup submit runs show cancel explain events trace metrics logs dlq plan catalog doctor";
    assert.deepEqual(listed(help), names.split(" "));
    assert.equal((await run()).stdout, help.stdout);
  });

  test("every command has help and --json", async () => {
    const names = listed(await run("--help"));
    const pages = await Promise.all(names.map((name) => run(name, "--help")));
    for (const [i, page] of pages.entries()) {
      assert.equal(page.status, 0, names[i]);
      const below = listed(page);
      const ends =
        below.length === 0 ? [page] : await Promise.all(below.map((name) => run(names[i]!, name, "--help")));
      for (const { stdout } of ends) assert.match(stdout, / --json +/, names[i]);
    }
    const byHelp = await run("help", "submit");
    assert.deepEqual([byHelp.status, byHelp.stdout], [0, pages[names.indexOf("submit")]!.stdout]);
    assert.match((await run("help", "dlq", "redrive")).stdout, /^Usage: npx genesis dlq redrive /);
    const below = await run("help", "catalog", "agents");
    assert.deepEqual(below, await run("catalog", "agents", "--help"));
  });

  test("a typing error is one line, with what was meant", async () => {
    const { status, stderr } = await run("sumbit");
    assert.equal(status, 2);
    assert.equal(stderr, "genesis: unknown command 'sumbit' (Did you mean submit?); see npx genesis help\n");
  });
});

describe("wrong usage is exit code 2 and one line that says what to do", () => {
  const wrong: string[][] = [
    ["fly"],
    ["--fly"],
    ["help", "fly"],
    ["submit"],
    ["submit", "--goal"],
    ["submit", "--goal", ""],
    ["submit", "--goal", "x", "--priority", "urgent"],
    ["submit", "--goal", "x", "--deadline", "soon"],
    ["submit", "--goal", "x", "--input", "[1]"],
    ["submit", "--goal", "x", "--key", "ü"],
    ["submit", "--goal", "x", "--nats", "not a url"],
    ["submit", "--file", "nothing.json"],
    ["runs", "--limit", "0"],
    ["runs", "extra"],
    ["show"],
    ["explain", "run"],
    ["cancel", "run", "--reason", "x".repeat(5000)],
    ["dlq"],
    ["dlq", "burn"],
    ["catalog", "burn"],
    ["plan"],
    ["plan", "--goal", "x", "--file", "y"],
    ["plan", "--goal", "x", "--profile", "none"],
    ["plan", "--goal", ""],
    ["plan", "--goal", "x", "--input", "[1]"],
    ["plan", "--goal", "x", "--context", "no"],
    ["plan", "--goal", "x", "--type", "no type"],
    ["plan", "--file", "dag.json", "--input", "{}"],
    ["plan", "--file", "nothing.json"],
  ];
  test("what was given is quoted in short, and what is wrong with it stays", async () => {
    const { stderr } = await run("submit", "--goal", "x", "--input", `{"text": "${"long ".repeat(10_000)}`);
    assert.match(
      stderr,
      /^genesis: option '--input <json>' argument '[^']{60,80}' is invalid\. It must be a JSON object/,
    );
    assert.ok(stderr.length < 250, stderr);
  });

  for (const args of wrong) {
    test(args.join(" ").slice(0, 60), async () => {
      const { status, stdout, stderr } = await run(...args);
      assert.deepEqual([status, stdout], [2, ""]);
      assert.match(stderr, oneLine);
    });
  }
});

describe("nothing runs", () => {
  for (const args of [
    ["runs"],
    ["show", "x"],
    ["submit", "--goal", "x"],
    ["dlq", "list"],
    ["trace", "x"],
    ["cancel", "x"],
  ]) {
    test(`${args.join(" ")} says how to start it, exit code 1`, async () => {
      assert.deepEqual(await run(...args), {
        status: 1,
        stdout: "",
        stderr:
          "genesis: nothing is running here; start it with npx genesis up, or name a broker with --nats\n",
      });
    });
  }

  test("logs says where it looked", async () => {
    const { status, stdout, stderr } = await run("logs");
    assert.deepEqual([status, stdout], [1, ""]);
    assert.equal(
      stderr,
      "genesis: no .genesis here or in a parent folder; npx genesis up makes one, --dir names another\n",
    );
  });

  test("doctor says what is missing and what to do, exit code 1", async () => {
    const { status, stdout, stderr } = await run("doctor", "--json");
    const { healthy, findings } = JSON.parse(stdout);
    assert.deepEqual([status, healthy], [1, false]);
    assert.deepEqual(findings.at(-1), {
      what: "instance",
      is: "bad",
      says: "nothing is running",
      todo: "npx genesis up",
    });
    assert.match(stderr, oneLine);
  });
});

describe("wrong settings and broken catalogues are exit code 78", () => {
  test("a setting is named, its value is not", async () => {
    const settings = { GENESIS_PREFIX: "Not A Prefix" };
    for (const args of [["runs"], ["plan", "--goal", "x"], ["catalog", "rules"]]) {
      const { status, stdout, stderr } = await genesis(args, { cwd, settings });
      assert.deepEqual([status, stdout], [78, ""], args.join(" "));
      assert.match(stderr, /^genesis: GENESIS_PREFIX must [^\n]+\n$/);
      assert.doesNotMatch(stderr, /Not A Prefix/);
    }
    assert.equal((await genesis(["runs"], { cwd, settings: { NATS_URL: "nonsense" } })).status, 78);
    assert.equal((await genesis(["runs"], { cwd, settings: { GENESIS_STRAY: "1" } })).status, 78);
  });

  test("a broken catalogue says file, line and reason", async () => {
    const folder = join(cwd, "broken");
    mkdirSync(folder);
    for (const name of ["agents", "rules", "methods"])
      writeFileSync(join(folder, `${name}.yaml`), `${name}: []\n`);
    writeFileSync(join(folder, "agents.yaml"), "agents:\n  - name: a b\n");
    const { status, stdout, stderr } = await run("catalog", "agents", "--catalog", folder);
    assert.deepEqual([status, stdout], [78, ""]);
    assert.match(stderr, /^genesis: \S+agents\.yaml:2: [^\n]+\n$/);
  });
});

describe("what needs no bus", () => {
  test("plan prints one JSON document, and is exit code 1 for a plan that would be rejected", async () => {
    const good = await run("plan", "--goal", "Audit this repository", "--json");
    assert.deepEqual([good.status, good.stderr], [0, ""]);
    assert.deepEqual(Object.keys(JSON.parse(good.stdout)), ["decomposed", "routed", "verdict", "passed"]);
    const file = join(cwd, "dag.json");
    writeFileSync(file, JSON.stringify({ steps: [{ id: "a", taskType: "test", dependsOn: ["a"] }] }));
    const bad = await run("plan", "--file", file, "--json");
    assert.deepEqual([bad.status, JSON.parse(bad.stdout).passed], [1, false]);
    assert.match(bad.stderr, oneLine);
    writeFileSync(file, "{");
    assert.equal((await run("plan", "--file", file)).status, 2);
  });

  test("catalog alone prints every kind", async () => {
    const { status, stdout } = await run("catalog", "--json", "--catalog", "business");
    assert.deepEqual([status, Object.keys(JSON.parse(stdout))], [0, ["agents", "rules", "methods"]]);
    assert.match((await run("catalog")).stdout, /^AGENT[^]*\n\nPRIORITY|^[A-Z]+[^]*\n\n[A-Z]+[^]*\n\n[A-Z]+/);
  });

  test("catalog prints each kind of entry", async () => {
    for (const kind of ["agents", "rules", "methods"]) {
      const document = JSON.parse((await run("catalog", kind, "--json", "--catalog", "business")).stdout);
      const { status, stdout } = await run("catalog", kind, "--catalog", "business");
      assert.equal(status, 0);
      assert.equal(
        stdout.trimEnd().split("\n").length,
        document.length + 1,
        `${kind}: a head and a line each`,
      );
    }
  });

  test("logs reads what an instance has written, whether it runs or not", async () => {
    const folder = join(cwd, ".genesis", "logs");
    mkdirSync(folder, { recursive: true });
    const line = {
      level: "info",
      time: "2026-01-01T00:00:00.000Z",
      service: "halo",
      run: "abc",
      msg: "hello",
    };
    writeFileSync(join(folder, "halo.jsonl"), `${JSON.stringify(line)}\n`);
    mkdirSync(join(cwd, "below"));
    const below = { cwd: join(cwd, "below") };
    assert.equal((await genesis(["logs"], below)).stdout, "00:00:00.000 INFO  halo      hello run=abc\n");
    assert.deepEqual(
      JSON.parse((await genesis(["logs", "halo", "--run", "ab", "--json"], below)).stdout),
      line,
    );
    assert.deepEqual(await genesis(["logs", "--run", "b"], below), {
      status: 1,
      stdout: "",
      stderr: 'genesis: no run begins with "b" in these logs; npx genesis runs lists them\n',
    });
    const written = "12:00\tinfo\tEverything is ready.\n";
    writeFileSync(join(folder, "otelcol.log"), written);
    writeFileSync(join(folder, "otelcol.log.1"), "before\u001b[2J\n");
    writeFileSync(join(folder, "halo.stderr.log"), "");
    assert.equal(
      (await genesis(["logs", "otelcol"], below)).stdout,
      "before\\u001b[2J\n12:00 info Everything is ready.\n",
    );
    const lines = (await genesis(["logs", "otelcol", "--json"], below)).stdout.trimEnd().split("\n");
    assert.deepEqual(JSON.parse(lines[1]!), { service: "otelcol", line: written.trimEnd() });
    assert.equal((await genesis(["logs", "otelcol", "--run", "abc"], below)).status, 2);
    const unknown = await genesis(["logs", "hola"], below);
    assert.deepEqual([unknown.status, unknown.stdout], [1, ""]);
    assert.match(unknown.stderr, /^genesis: no log of "hola" in \S+; there are halo, otelcol\n$/);
  });
});
