import type { History } from "../contract/decider.ts";
import type { StoredEvent } from "../contract/events.ts";
import { backOff } from "./backoff.ts";
import type { HistoryRead, HistoryReader } from "./history.ts";
import { storageError } from "./publish.ts";

/** The runs that a process works on, as far as it has read them: each is read once and then only on from there. */
export type Runs = {
  /**
   * The history of a run, at least up to `event`; the log is read only when the run is not known that far.
   * @throws GenesisError `E_STORAGE` when the broker does not show that far
   */
  upTo: (event: Known) => Promise<History>;
  /** The history of a run, read on now, and at least up to a sequence. @throws GenesisError `E_STORAGE` */
  readOn: (run: string, atLeast: number) => Promise<History>;
  /** Gives up what is kept of a run that is over: hardly anything will come of it. */
  forget: (run: string) => void;
};

/** A message of a run that a consumer handed over: its event, if it can be read, and the size of its body. */
export type Known = { run: string; seq: number; event?: StoredEvent | undefined; bytes: number };

/** How much is kept, of the runs that were used last. */
export type Bounds = { runs: number; bytes: number };

const MIB = 1024 * 1024;
const BOUNDS: Bounds = { runs: 2000, bytes: 32 * MIB };
/** A replica that lags behind catches up within this many looks. */
const LOOKS = 5;

export function keepRuns(read: HistoryReader, bounds: Bounds = BOUNDS): Runs {
  /** In order of use, the longest unused first. */
  const kept = new Map<string, HistoryRead>();
  let bytes = 0;

  const forget = (run: string): void => {
    bytes -= kept.get(run)?.bytes ?? 0;
    kept.delete(run);
  };

  const keep = (history: HistoryRead): HistoryRead => {
    forget(history.run);
    kept.set(history.run, history);
    bytes += history.bytes;
    for (const run of kept.keys()) {
      const fits = kept.size <= bounds.runs && bytes <= bounds.bytes;
      // The run at hand stays, however large it is: its next event would have it read whole again.
      if (fits || run === history.run) break;
      forget(run);
    }
    return history;
  };

  const readOn = async (run: string, atLeast: number, known?: StoredEvent): Promise<History> => {
    for (let look = 0; look < LOOKS; look++) {
      if (look > 0) await backOff(look - 1);
      const before = kept.get(run);
      const later = await read(run, { after: before?.lastSeq ?? 0, known });
      const history = keep(before === undefined ? sinceSubmitted(later) : joined(before, later));
      if (history.lastSeq >= atLeast) return history;
    }
    throw storageError("shows the run up to the message at hand");
  };

  return {
    readOn,
    forget,
    upTo: async ({ run, seq, event, bytes: size }) => {
      const history = kept.get(run);
      if (history !== undefined && history.lastSeq >= seq) return keep(history);
      // A run begins with its task, so there is nothing before it to be read.
      if (history === undefined && event?.type === "task.submitted")
        return keep({ run, events: [event], unreadable: [], lastSeq: seq, bytes: size });
      return readOn(run, seq, event);
    },
  };
}

/** What came before the task under the run's id is no part of the run. */
function sinceSubmitted(history: HistoryRead): HistoryRead {
  const from = history.events.find(({ type }) => type === "task.submitted")?.seq ?? Number.POSITIVE_INFINITY;
  return {
    ...history,
    events: history.events.filter(({ seq }) => seq >= from),
    unreadable: history.unreadable.filter(({ seq }) => seq >= from),
  };
}

function joined(before: HistoryRead, later: HistoryRead): HistoryRead {
  const all = {
    ...later,
    events: [...before.events, ...later.events],
    unreadable: [...before.unreadable, ...later.unreadable],
    bytes: before.bytes + later.bytes,
  };
  return before.events.length > 0 ? all : sinceSubmitted(all);
}
