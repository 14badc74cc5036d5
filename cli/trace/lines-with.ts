import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** The JSON line files of a folder. One that has grown large is set aside under the same name with `.1`. */
export async function lineFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => /\.jsonl(\.1)?$/.test(name)).map((name) => join(folder, name));
}

/** Every line of the files that holds one of the ids: most lines do not, and searching is cheaper than parsing. */
export async function* linesWith(ids: readonly string[], files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (ids.some((id) => line.includes(id))) yield line;
    }
  }
}
