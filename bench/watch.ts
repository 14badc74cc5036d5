import type { Bus } from "../shared/bus/connect.ts";

/** When a run's first step was dispatched and when it ended, as a reader of the log saw it; `performance.now()` of this process. */
export type Times = { submittedMs: number; dispatchedMs?: number; finishedMs?: number };

/** The runs of a benchmark, watched over one consumer that reads the log from now on. */
export type Watch = {
  /** Submits a task of this type and resolves when its run has ended. @throws when it is refused or does not end within a minute */
  run: (taskType: string) => Promise<Times>;
  stop: () => Promise<void>;
};

const GIVE_UP_AFTER_MS = 60_000;

export async function watchRuns(bus: Bus): Promise<Watch> {
  const { js, jsm, names, subjects } = bus;
  const open = new Map<string, { times: Times; end: () => void }>();
  /** Facts of runs whose submission was not answered yet. */
  const early = new Map<string, Times>();
  const { state } = await jsm.streams.info(names.log);
  const consumer = await js.consumers.get(names.log, {
    filter_subjects: [subjects.allOf("step.dispatched"), subjects.allOf("run.finished")],
    deliver_policy: "by_start_sequence",
    opt_start_seq: state.last_seq + 1,
  });
  const messages = await consumer.consume({ max_messages: 1000 });

  const note = (subject: string): void => {
    const { type, run } = subjects.parse(subject);
    const nowMs = performance.now();
    const times = open.get(run)?.times ?? early.get(run) ?? { submittedMs: 0 };
    if (!open.has(run)) early.set(run, times);
    if (type === "step.dispatched") times.dispatchedMs ??= nowMs;
    else times.finishedMs = nowMs;
    if (times.finishedMs !== undefined) open.get(run)?.end();
  };
  const reading = (async () => {
    for await (const { subject } of messages) note(subject);
  })();

  const run = async (taskType: string): Promise<Times> => {
    const submittedMs = performance.now();
    const reply = await bus.nc.request(subjects.submit, JSON.stringify({ goal: "benchmark", taskType }), {
      timeout: 10_000,
    });
    const answer = reply.json<{ run?: string; code?: string }>();
    if (answer.run === undefined) throw new Error(`the task was refused: ${answer.code}`);
    const id = answer.run;
    const times: Times = { ...early.get(id), submittedMs };
    early.delete(id);
    if (times.finishedMs !== undefined) return times;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(
        () => reject(new Error(`run ${id} has not ended within a minute`)),
        GIVE_UP_AFTER_MS,
      );
      open.set(id, {
        times,
        end: () => {
          clearTimeout(late);
          open.delete(id);
          resolve();
        },
      });
    });
    return times;
  };

  return {
    run,
    stop: async () => {
      await messages.close();
      await reading;
    },
  };
}
