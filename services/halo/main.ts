import { stage } from "../../shared/bus/stage.ts";
import { loadCatalog } from "../../shared/catalog/load.ts";
import { STAGE_READS } from "../../shared/contract/streams.ts";
import { service } from "../../shared/service.ts";
import { readGauges } from "../../shared/telemetry/metrics.ts";
import { decide } from "./decide.ts";
import { capacities, observe } from "./observe.ts";

/**
 * HALO, the rule router: every step of a plan gets an agent, or the reason why not, each with its decision record.
 */
await service("halo", {
  prepare: ({ catalog }) => loadCatalog(catalog),
  start: (context, registry) => {
    readGauges(async () => capacities(registry.agents));
    return stage(context, {
      durable: "halo",
      reads: STAGE_READS.halo,
      from: "event",
      decide: (event, _history, part) => decide(event, registry, part),
      observe,
    });
  },
});
