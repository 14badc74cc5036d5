import { CatalogError } from "../../shared/catalog/load.ts";
import type { Work } from "../../shared/bus/context.ts";
import { service, type Context } from "../../shared/service.ts";
import { span } from "../../shared/telemetry/operations.ts";

/** What a tiny service does with its life; its one argument. */
export type TinyLife =
  | "works"
  | "drains slowly"
  | "hangs in draining"
  | "ends"
  | "throws"
  | "rejects"
  | "has a broken catalogue"
  | "has a misnamed handler"
  | "cannot begin";

const life = process.argv[2] as TinyLife;
const never = new Promise<void>(() => {});
const afterMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

await service("halo", {
  prepare: () => {
    if (life === "has a broken catalogue")
      throw new CatalogError([{ file: "rules.yaml", line: 3, reason: "priority must be a number" }]);
    if (life === "has a misnamed handler")
      throw Object.assign(new Error("slow_cook.ts: name it slow-cook.ts"), { name: "HandlerError" });
  },
  start: begin,
});

async function begin({ log }: Context): Promise<Work[]> {
  if (life === "cannot begin") throw new Error("a text that may quote a user");
  await span("invoke_agent", { "gen_ai.agent.name": "tiny" }, async () =>
    log.info({ event: "worked" }, "the work was done"),
  );
  if (life === "throws") setTimeout(() => (undefined as unknown as () => void)(), 50);
  if (life === "rejects") void afterMs(50).then(() => Promise.reject(new Error("nobody waits for this")));
  return [work()];
}

function work(): Work {
  const drain: Partial<Record<TinyLife, () => Promise<void>>> = {
    "drains slowly": () => afterMs(500),
    "hangs in draining": () => never,
  };
  return { drain: drain[life] ?? (async () => {}), ended: life === "ends" ? afterMs(50) : never };
}
