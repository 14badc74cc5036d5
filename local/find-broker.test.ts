import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { serveRelease, versionScript, type ReleaseServer } from "../test/support/release-server.ts";
import { StartFailure } from "./failure.ts";
import { findBroker, type FoundBroker } from "./find-broker.ts";

/** `fetch` refuses this port without looking, so that nothing can be there. */
const NOWHERE = "http://127.0.0.1:9";
let folder: string;
let cache: string;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "genesis-broker-"));
  cache = join(folder, "cache", "genesis");
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A folder for PATH that holds one program. */
function folderWith(name: string, script: string): string {
  const bin = mkdtempSync(join(folder, "bin-"));
  writeFileSync(join(bin, name), script, { mode: 0o755 });
  return bin;
}

function say(line: string): void {
  said.push(line);
}

function search(
  path: string[],
  releases = NOWHERE,
  signal = new AbortController().signal,
): Promise<FoundBroker> {
  const progress = { say, begin: (text: string) => (say(text), { update: say, end: say }) };
  const environment = { PATH: path.join(":"), XDG_CACHE_HOME: join(folder, "cache") };
  return findBroker({ environment, releases, progress, signal });
}

/** A Go that "builds" a program with the version it was asked for, and fails when it is asked for anything else. */
const FAKE_GO = `#!/bin/sh
[ "$1" = version ] && exit 0
[ "$1 $2" = "install github.com/nats-io/nats-server/v2@v2.15.2" ] || exit 1
printf '#!/bin/sh\\necho "nats-server: v2.15.2"\\n' > "$GOBIN/nats-server"
/bin/chmod +x "$GOBIN/nats-server"
`;

describe("where nats-server comes from", () => {
  test("the first on PATH that is new enough", async () => {
    const old = folderWith("nats-server", versionScript("2.14.2"));
    const good = folderWith("nats-server", versionScript("2.14.3"));
    const newer = folderWith("nats-server", versionScript("2.16.0"));
    const found = await search([join(folder, "missing"), old, good, newer]);
    assert.deepEqual(found, { path: join(good, "nats-server"), version: "2.14.3", source: "PATH" });
    assert.deepEqual(said, [
      `${join(old, "nats-server")} is 2.14.2, which is older than 2.14.3; looking further`,
    ]);
  });

  test("one that does not tell its version is passed over after 3 s", async () => {
    const stuck = folderWith("nats-server", "#!/bin/sh\nexec /bin/sleep 20\n");
    const good = folderWith("nats-server", versionScript("2.15.2"));
    const begun = performance.now();
    assert.equal((await search([stuck, good])).path, join(good, "nats-server"));
    assert.ok(performance.now() - begun < 4000);
  });

  test("else the cached one", async () => {
    mkdirSync(cache, { recursive: true });
    writeFileSync(join(cache, "nats-server"), versionScript("2.15.1"), { mode: 0o755 });
    const found = await search([]);
    assert.deepEqual(found, { path: join(cache, "nats-server"), version: "2.15.1", source: "the cache" });
  });

  test("else Go builds it, into the cache, when the release cannot be had", async () => {
    const found = await search([folderWith("go", FAKE_GO)]);
    assert.deepEqual(found, { path: join(cache, "nats-server"), version: "2.15.2", source: "go install" });
    assert.deepEqual(readdirSync(cache), ["nats-server"]);
    assert.equal((await search([])).source, "the cache");
  });

  test("none at all: one sentence that says what was tried and what to install", async () => {
    await assert.rejects(search([]), (error: StartFailure) => {
      assert.equal(error.exitCode, 1);
      assert.match(
        error.message,
        /^no nats-server 2\.14\.3 or newer on PATH or in \S+, and none could be fetched/,
      );
      assert.match(error.message, /the official release: 127\.0\.0\.1:9 cannot be reached/);
      assert.match(error.message, /go install: there is no working go on PATH/);
      assert.match(error.message, /put one from https:\S+ on PATH, or install Go, and run this again$/);
      return true;
    });
  });
});

describe("the release archive", () => {
  let server: ReleaseServer;
  afterEach(() => server.close());

  test("is taken when it matches the release's SHA256SUMS, before any Go", async () => {
    server = await serveRelease("2.15.2");
    const found = await search([folderWith("go", FAKE_GO)], server.url);
    assert.deepEqual(found, {
      path: join(cache, "nats-server"),
      version: "2.15.2",
      source: "the official release",
    });
    assert.deepEqual(readdirSync(cache), ["nats-server"]);
    assert.ok(said.some((line) => line.startsWith("downloaded nats-server 2.15.2")));
    await search([], server.url);
    assert.equal(server.requests.length, 2, "the second search needs no network");
  });

  test("is thrown away when it was tampered with", async () => {
    server = await serveRelease("2.15.2", "tampered");
    await assert.rejects(search([], server.url), /\.tar\.gz does not match the release's SHA256SUMS/);
    assert.deepEqual(readdirSync(cache), []);
  });

  test("that was tampered with leaves the way to Go open", async () => {
    server = await serveRelease("2.15.2", "tampered");
    assert.equal((await search([folderWith("go", FAKE_GO)], server.url)).source, "go install");
  });

  test("of another version than the one wanted is not there", async () => {
    server = await serveRelease("2.15.1");
    await assert.rejects(search([], server.url), /SHA256SUMS answers 404/);
  });

  test("is given up at once when whoever asked for it leaves, and nothing stays behind", async () => {
    server = await serveRelease("2.15.2", "silent");
    const left = new AbortController();
    const searching = search([], server.url, left.signal);
    setTimeout(() => left.abort(), 200);
    await assert.rejects(searching, { name: "AbortError" });
    assert.ok(existsSync(cache));
    assert.deepEqual(readdirSync(cache), []);
  });
});
