import { stage } from "../../shared/bus/stage.ts";
import { loadCatalog } from "../../shared/catalog/load.ts";
import { STAGE_READS } from "../../shared/contract/streams.ts";
import { service } from "../../shared/service.ts";
import { decide } from "./decide.ts";
import { observe } from "./observe.ts";

/** HTDAG, the planner: a goal, or the rejection of a plan, becomes a DAG of steps, by the methods of the catalogue. */
await service("htdag", {
  prepare: (settings) => loadCatalog(settings.catalog),
  start: (context, catalog) =>
    stage(context, {
      durable: "htdag",
      reads: STAGE_READS.htdag,
      from: "run",
      decide: (event, history, part) =>
        decide({ event, history, catalog, subjects: context.bus.subjects }, part),
      observe,
    }),
});
