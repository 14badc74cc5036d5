import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { buildStackTools } from "../local/build-stack-tools.ts";
import { findBroker } from "../local/find-broker.ts";
import { progressOn } from "../local/progress.ts";
import { STACK_TOOL_NAMES } from "../local/stack-tools.ts";
import { childEnvironment } from "../shared/config.ts";

/**
 * Runs the tests by kind: pure files together in one process, everything that starts processes or a broker in a process of
 * its own, one after the other, because two cores are shared with what they start. Ends with one line, `N passed, N failed`.
 *
 *   npm test [-- pure|bus|nightly|stack] [-- FILES]
 *
 * The stack is the Collector, Prometheus and the reader of docker-compose.yml, which Go builds first where they are not there.
 */
const KINDS = {
  pure: {
    files: ["{shared,services,cli,local,test,docs,bench}/**/!(*.bus|*.nightly|*.stack).test.ts"],
    flags: ["--test-isolation=none"],
  },
  bus: {
    files: ["{shared,services,cli,local,test,examples}/**/*.bus.test.ts"],
    flags: ["--test-concurrency=1"],
  },
  stack: { files: ["test/stack/*.stack.test.ts"], flags: ["--test-concurrency=1"] },
  nightly: { files: ["test/**/*.nightly.test.ts"], flags: ["--test-concurrency=1"] },
} as const;

type Kind = keyof typeof KINDS;
type Counts = { passed: number; failed: number; skipped: number };

/** The environment of the tests: as it is here, and nats-server on PATH, wherever it came from. */
async function testEnvironment(kindsToRun: readonly Kind[]): Promise<NodeJS.ProcessEnv> {
  const environment = childEnvironment({});
  const { signal } = new AbortController();
  const needs = { environment, progress: progressOn(process.stderr), signal };
  const { path } = await findBroker(needs);
  if (kindsToRun.includes("stack")) await buildStackTools(STACK_TOOL_NAMES, needs);
  return childEnvironment({ PATH: [dirname(path), environment["PATH"]].join(delimiter) });
}

function runKind(kind: Kind, files: readonly string[], env: NodeJS.ProcessEnv): Counts & { status: number } {
  const dir = mkdtempSync(join(tmpdir(), "genesis-test-"));
  const countFile = join(dir, "counts.json");
  const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
  const counting = [
    `--test-reporter=${join(import.meta.dirname, "support/count-reporter.ts")}`,
    `--test-reporter-destination=${countFile}`,
  ];
  const args = [
    "--test",
    ...KINDS[kind].flags,
    ...reporters,
    ...counting,
    ...(files.length > 0 ? files : KINDS[kind].files),
  ];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit", env });
  const counts = readCounts(countFile);
  rmSync(dir, { recursive: true });
  // A runner that died without counting is a failure, whatever it printed.
  return {
    ...counts,
    failed: counts.failed + (status !== 0 && counts.failed === 0 ? 1 : 0),
    status: status ?? 1,
  };
}

function readCounts(file: string): Counts {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Counts;
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

const [first, ...rest] = process.argv.slice(2);
const isKind = (word: string | undefined): word is Kind => word !== undefined && Object.hasOwn(KINDS, word);
const kinds: Kind[] = isKind(first) ? [first] : ["pure", "bus"];
const env = await testEnvironment(kinds);
const results = kinds.map((kind) => runKind(kind, isKind(first) ? rest : [], env));
const sum = (key: keyof Counts): number => results.reduce((total, counts) => total + counts[key], 0);
const skipped = sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : "";
console.log(`${sum("passed")} passed, ${sum("failed")} failed${skipped}`);
process.exitCode = results.every(({ status, failed }) => status === 0 && failed === 0) ? 0 : 1;
