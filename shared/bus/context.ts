import type { Log as Logger } from "../telemetry/logging.ts";
import type { Bus } from "./connect.ts";

/** What everything here needs of the service that it works for. */
export type BusContext = {
  /** The service, as it stands in the subjects of its dead letters and redrives. */
  name: string;
  bus: Bus;
  log: Logger;
};

/** Work that goes on until it is told to drain. */
export type Work = {
  /** Takes nothing new, finishes what is in hand within 8 s, and gives the rest back to the broker. */
  drain: () => Promise<void>;
  /** Settles when the work is over; with an error when it cannot go on. */
  ended: Promise<void>;
};
