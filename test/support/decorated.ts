import { tracedOperation } from "../../shared/telemetry/observability.ts";

/**
 * A class whose methods are traced by the decorator. Node cannot run it as it stands: its type stripping does not
 * read decorators, so the test that uses it has TypeScript emit it first.
 */
export class Toolbox {
  #used = 0;

  @tracedOperation("execute_tool", { "gen_ai.tool.name": "hammer" })
  hit(nails: number, hard = true): string {
    this.#used += 1;
    return `${hard ? "BANG" : "bang"} ${nails * this.#used}`;
  }

  @tracedOperation("execute_tool", { "gen_ai.tool.name": "glue" })
  async dry(): Promise<number> {
    await Promise.resolve();
    return this.#used;
  }

  @tracedOperation("execute_tool", { "gen_ai.tool.name": "saw" })
  static cut(): never {
    throw new RangeError("too short");
  }
}
