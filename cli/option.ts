import { InvalidArgumentError, Option } from "commander";

const MOST = 10_000;

/** An option that takes a whole number from 1 to 10,000. */
export function countOption(flags: string, means: string, preset: number): Option {
  return new Option(flags, means).default(preset).argParser((text: string) => {
    const n = Number(text);
    if (!/^\d+$/.test(text) || n < 1 || n > MOST)
      throw new InvalidArgumentError(`It must be a whole number from 1 to ${MOST}.`);
    return n;
  });
}
