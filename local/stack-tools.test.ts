import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { buildStackTools } from "./build-stack-tools.ts";
import { StartFailure } from "./failure.ts";
import { SILENT } from "./progress.ts";
import { findObservers, STACK_TOOLS, toolDir, toolPrograms, type StackToolName } from "./stack-tools.ts";

let folder: string;
let environment: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "genesis-tools-"));
  environment = { PATH: join(folder, "bin"), XDG_CACHE_HOME: join(folder, "cache") };
  mkdirSync(join(folder, "bin"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A Go that "builds" every package, and writes down what it was asked for. */
function installGo(script: string): void {
  writeFileSync(join(folder, "bin", "go"), `#!/bin/sh\n${script}`, { mode: 0o755 });
}
const BUILDS = (log: string): string => `
[ "$1" = version ] && exit 0
echo "$@" | /bin/sed 's#[^ ]*/build-[^/]*/#WORK/#' >> ${log}
[ "$1" = tool ] && [ -f builder.yaml ] && [ -f go.sum ] && exit 0
while [ "$1" != "-o" ]; do shift; done
case "$2" in */) shift 2; for p; do : > out/\${p##*/}; done ;; *) : > "$2" ;; esac
`;

function build(...names: StackToolName[]): Promise<void> {
  return buildStackTools(names, { environment, progress: SILENT, signal: new AbortController().signal });
}

test("what is missing is built from the pinned modules, once", async () => {
  const log = join(folder, "log");
  installGo(BUILDS(log));
  await build("otelcol", "prometheus");
  await build("otelcol", "prometheus");
  assert.deepEqual(readFileSync(log, "utf8").trim().split("\n"), [
    "tool builder --config builder.yaml --skip-get-modules --skip-compilation",
    "build -trimpath -ldflags -s -w -tags remove_all_sd,enable_dns_sd -o WORK/out/otelcol .",
    "build -trimpath -ldflags -s -w -tags remove_all_sd -o WORK/out/ github.com/prometheus/prometheus/cmd/prometheus github.com/prometheus/prometheus/cmd/promtool",
  ]);
  assert.deepEqual(readdirSync(toolDir("prometheus", environment)).toSorted(), ["prometheus", "promtool"]);
  for (const tool of ["otelcol", "prometheus"] as const)
    assert.deepEqual(
      toolPrograms(tool, environment),
      readdirSync(toolDir(tool, environment))
        .toSorted()
        .map((name) => join(toolDir(tool, environment), name)),
    );
  assert.deepEqual(findObservers(environment), {
    collector: join(toolDir("otelcol", environment), "otelcol"),
    prometheus: join(toolDir("prometheus", environment), "prometheus"),
  });
});

test("a build that fails says so, and leaves nothing that looks like a tool", async () => {
  installGo('[ "$1" = version ] && exit 0; echo "go: a sum does not match" >&2; exit 1');
  await assert.rejects(
    build("docker-compose"),
    /^StartFailure: docker-compose cannot be built: .*a sum does not match/s,
  );
  assert.deepEqual(readdirSync(dirname(toolDir("docker-compose", environment))), []);
});

test("without Go it says what to install", async () => {
  await assert.rejects(build("otelcol"), {
    name: "StartFailure",
    message:
      "there is no working go on PATH, and otelcol must be built; install Go 1.26 or newer (https://go.dev/dl)",
  });
});

test("--observe without its programs says what is missing and how to get it", () => {
  assert.throws(
    () => findObservers(environment),
    (error: StartFailure) => {
      assert.equal(error.exitCode, 1);
      for (const tool of ["otelcol", "prometheus"] as const)
        assert.ok(error.message.includes(join(toolDir(tool, environment), tool)));
      assert.match(
        error.message,
        /are not there; build what is missing with npm run stack:tools \(.*Go 1\.26 or newer/,
      );
      return true;
    },
  );
});

test("every tool has its pins committed", () => {
  for (const { module } of Object.values(STACK_TOOLS)) {
    const files = readdirSync(join(import.meta.dirname, "..", "deploy", "tools", module));
    for (const file of ["go.mod", "go.sum"]) assert.ok(files.includes(file), `${module}/${file}`);
  }
});
