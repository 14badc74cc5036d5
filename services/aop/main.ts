import { stage } from "../../shared/bus/stage.ts";
import { loadCatalog } from "../../shared/catalog/load.ts";
import { STAGE_READS } from "../../shared/contract/streams.ts";
import { service } from "../../shared/service.ts";
import { decide } from "./decide.ts";
import { observe } from "./observe.ts";

/** AOP, agent-oriented planning: every routed plan is checked, scored and judged. Nothing is dispatched that did not pass here. */
await service("aop", {
  prepare: ({ catalog }) => loadCatalog(catalog),
  start: (context, { agents }) =>
    stage(context, {
      durable: "aop",
      reads: STAGE_READS.aop,
      from: "run",
      decide: (event, history, part) => decide({ event, history, agents }, part),
      observe,
    }),
});
