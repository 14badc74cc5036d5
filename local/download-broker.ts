import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createWriteStream, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type { Progress } from "./progress.ts";

/** Which nats-server to download, from where, and the path it shall have. */
export type Download = {
  /** The address below which `/download/v<version>/` has the archives and their SHA256SUMS. */
  releases: string;
  version: string;
  into: string;
  progress: Progress;
  signal: AbortSignal;
};

const PROBE_MS = 3000;
/** A download that brings nothing for so long is given up. */
const STALL_MS = 15_000;
const MAX_ARCHIVE_BYTES = 100 * 1024 * 1024;
const MAX_SUMS_BYTES = 64 * 1024;
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };

/** Downloads the release archive for this machine, checks it against the release's own SHA256SUMS and takes the server out of it. @throws when any of that fails; nothing is left behind then */
export async function downloadBroker(download: Download): Promise<void> {
  const folder = `nats-server-v${download.version}-${process.platform}-${ARCHITECTURES[process.arch] ?? process.arch}`;
  const archive = `${folder}.tar.gz`;
  const base = `${download.releases}/download/v${download.version}`;
  const expected = sumOf(archive, await fetchSums(`${base}/SHA256SUMS`, download.signal));
  const work = mkdtempSync(join(dirname(download.into), "download-"));
  try {
    const file = join(work, archive);
    const actual = await fetchFile(`${base}/${archive}`, file, download);
    if (actual !== expected) throw new Error(`${archive} does not match the release's SHA256SUMS`);
    // Only this one member, so that no name inside the archive decides where anything goes.
    const member = `${folder}/nats-server`;
    await promisify(execFile)("tar", ["-xzf", file, "-C", work, member], { signal: download.signal });
    renameSync(join(work, member), download.into);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function sumOf(archive: string, sums: string): string {
  const lines = sums.split("\n").map((line) => line.trim().split(/\s+\*?/));
  const sum = lines.find(([, name]) => name === archive)?.[0];
  if (sum === undefined || !/^[0-9a-f]{64}$/.test(sum)) {
    throw new Error(`the release has no SHA-256 for ${archive}`);
  }
  return sum;
}

async function fetchSums(url: string, signal: AbortSignal): Promise<string> {
  const response = await get(url, AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]));
  const parts: Uint8Array[] = [];
  for await (const part of atMost(response, MAX_SUMS_BYTES)) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

/** @returns the SHA-256 of what was written, as hex */
async function fetchFile(url: string, file: string, download: Download): Promise<string> {
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(new Error(`nothing came for ${STALL_MS / 1000} s`)), STALL_MS);
  const hash = createHash("sha256");
  const title = `downloading nats-server ${download.version}`;
  const work = download.progress.begin(title);
  try {
    const response = await get(url, AbortSignal.any([download.signal, stall.signal]));
    const total = Number(response.headers.get("content-length") ?? 0);
    let received = 0;
    const watched = async function* (): AsyncGenerator<Uint8Array> {
      for await (const part of atMost(response, MAX_ARCHIVE_BYTES)) {
        timer.refresh();
        hash.update(part);
        received += part.length;
        work.update(`${title}: ${inMib(received)}${total > 0 ? ` of ${inMib(total)}` : ""} MiB`);
        yield part;
      }
    };
    await pipeline(Readable.from(watched()), createWriteStream(file));
    work.end(`downloaded nats-server ${download.version} (${inMib(received)} MiB)`);
    return hash.digest("hex");
  } catch (error) {
    work.end("the download failed");
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal }).catch((error: unknown) => {
    throw new Error(`${new URL(url).host} cannot be reached`, { cause: error });
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  if (new URL(response.url).protocol !== new URL(url).protocol) {
    throw new Error(`${url} leads away from ${new URL(url).protocol}//`);
  }
  return response;
}

async function* atMost(response: Response, bytes: number): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const part of response.body ?? []) {
    received += part.length;
    if (received > bytes) throw new Error(`${response.url} is larger than ${bytes} bytes`);
    yield part;
  }
}

const inMib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1);
