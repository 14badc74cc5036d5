import { stage } from "../../shared/bus/stage.ts";
import { timerStage } from "../../shared/bus/timer-stage.ts";
import { EXECUTION_HANDLES } from "../../shared/contract/streams.ts";
import { service } from "../../shared/service.ts";
import { foldRun } from "../../shared/domain/run.ts";
import { next } from "./next.ts";
import { observe } from "./observe.ts";

/**
 * Execution owns a run's life: what to dispatch, when to give up, how it ends. It decides from the log, so any
 * instance can handle anything.
 */
await service("execution", {
  start: async (context) => [
    ...(await stage(context, {
      durable: "execution",
      reads: EXECUTION_HANDLES,
      from: "run",
      isRepeated: true,
      decide: (event, history) => next(foldRun(history), { fact: event.id }),
      decideUnreadable: (fact, history) => next(foldRun(history), { fact: fact.id }),
      observe,
      observeUnreadable: observe,
    })),
    ...(await timerStage(context, {
      durable: "execution-timers",
      decide: (fired, history) => next(foldRun(history), fired),
      observe: (written, history) => observe(undefined, written, history),
    })),
  ],
});
