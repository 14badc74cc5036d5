import { exposition } from "../../shared/telemetry/metrics.ts";

/** The lines of this process's metrics that begin so. */
export async function linesOf(start: string): Promise<string[]> {
  const { body } = await exposition();
  return body.split("\n").filter((line) => line.startsWith(start));
}

/** The value of one series, 0 where it does not exist. */
export async function valueOf(series: string): Promise<number> {
  const line = (await linesOf(series)).find((candidate) => candidate.startsWith(`${series} `));
  return Number(line?.slice(series.length).split(" ")[1] ?? 0);
}

/** How much a series grows while `fn` runs: the registry is shared by every test of a process. */
export async function growthOf(series: string, fn: () => unknown): Promise<number> {
  const earlier = await valueOf(series);
  await fn();
  return (await valueOf(series)) - earlier;
}
