import assert from "node:assert/strict";
import { Command } from "commander";
import { test } from "node:test";
import { PANELS } from "../../../test/support/dashboard-panels.ts";

// A command that a panel shows is one that `npx genesis` takes: its name, its arguments, its options.
const SHOWN = PANELS.flatMap(({ where, panel }) =>
  [...(panel.options?.content ?? "").matchAll(/^npx genesis (.+)$/gm)].map(([, args = ""]) => ({
    where,
    args: args.split(" "),
  })),
);

/** A command, which does nothing when it is given what it needs. */
async function commandOf(name: string): Promise<Command> {
  const file = (await import(`../../../cli/${name}.ts`)) as Record<string, (command: Command) => void>;
  const command = new Command(name).exitOverride().configureOutput({ writeErr: () => {} });
  file[name]!(command);
  return command.action(() => {});
}

test("there are some", () => {
  assert.ok(SHOWN.length >= 2);
});

for (const { where, args } of SHOWN) {
  test(`${where}: npx genesis ${args.join(" ")}`, async () => {
    const [name = "", ...rest] = args;
    const command = await commandOf(name);
    assert.doesNotThrow(() => command.parse(rest, { from: "user" }));
  });
}
