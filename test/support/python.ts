import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** A cold download over a slow line. */
const INSTALL_WITHIN_MS = 120_000;

/**
 * A Python that has a package, in a folder that later runs find again. Undefined where there is no Python 3, or the package
 * cannot be had. @param requirement as pip takes it, with its version
 */
export async function pythonWith(requirement: string): Promise<string | undefined> {
  const folder = join(tmpdir(), `genesis-python-${requirement.replaceAll(/[^a-z0-9.]/g, "-")}`);
  const python = join(folder, "bin", "python");
  const isReady = join(folder, "ready");
  if (existsSync(isReady)) return python;
  try {
    await rm(folder, { recursive: true, force: true });
    await run("python3", ["-m", "venv", folder], { timeout: INSTALL_WITHIN_MS });
    await run(python, ["-m", "pip", "install", "--quiet", requirement], { timeout: INSTALL_WITHIN_MS });
    await writeFile(isReady, "");
    return python;
  } catch {
    return undefined;
  }
}
