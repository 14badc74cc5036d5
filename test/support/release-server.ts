import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A server that has a release as the nats-server project publishes it: an archive per platform and SHA256SUMS. */
export type ReleaseServer = { url: string; requests: string[]; close: () => void };

/**
 * Serves one release of a program that is only a shell script. `tampered`: the archive is not the one that was summed.
 * `silent`: the archive's first bytes come, and no more.
 */
export async function serveRelease(
  version: string,
  how: "good" | "tampered" | "silent" = "good",
): Promise<ReleaseServer> {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const folder = `nats-server-v${version}-${process.platform}-${arch}`;
  const archive = pack(folder, versionScript(version));
  const sum = createHash("sha256").update(archive).digest("hex");
  const sent = how === "tampered" ? pack(folder, versionScript("9.9.9")) : archive;
  const files: Record<string, Buffer> = {
    [`/download/v${version}/SHA256SUMS`]: Buffer.from(
      `${"0".repeat(64)}  other.zip\n${sum}  ${folder}.tar.gz\n`,
    ),
    [`/download/v${version}/${folder}.tar.gz`]: sent,
  };
  const requests: string[] = [];
  const server = createServer(({ url = "" }, response) => {
    requests.push(url);
    const file = files[url];
    if (file === undefined) return response.writeHead(404).end();
    response.writeHead(200, { "content-length": file.length });
    if (how === "silent" && url.endsWith(".gz")) return response.write(file.subarray(0, 10));
    return response.end(file);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close };
}

/** A program that knows nothing but its version. */
export function versionScript(version: string): string {
  return `#!/bin/sh\necho "nats-server: v${version}"\n`;
}

function pack(folder: string, program: string): Buffer {
  const work = mkdtempSync(join(tmpdir(), "genesis-release-"));
  try {
    mkdirSync(join(work, folder));
    writeFileSync(join(work, folder, "nats-server"), program, { mode: 0o755 });
    writeFileSync(join(work, folder, "README.md"), "not wanted\n");
    execFileSync("tar", ["-czf", "a.tar.gz", folder], { cwd: work });
    return readFileSync(join(work, "a.tar.gz"));
  } finally {
    rmSync(work, { recursive: true });
  }
}
