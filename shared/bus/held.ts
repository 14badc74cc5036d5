import { durableLabel } from "../telemetry/message-metrics.ts";
import { record } from "../telemetry/metrics.ts";
import type { Delivery } from "./delivery.ts";

/** A message that is in hand or waits for its turn. */
export type Held = {
  /** Settled as what was delivered last. */
  delivery: Delivery;
  /**
   * Takes note that the message was delivered again, as a broker does that was killed or heard nothing for too long: it
   * is settled as that, and not handled twice at once.
   */
  renew: (delivery: Delivery) => void;
};

/** Holds a message from its first delivery on. */
export function hold(first: Delivery): Held {
  let latest = first;
  return {
    delivery: {
      ...first,
      ack: () => latest.ack(),
      nak: (delayMs) => latest.nak(delayMs),
      term: (reason) => latest.term(reason),
      working: () => latest.working(),
    },
    renew: (again) => {
      // Nobody processes it once more, where it would be counted.
      record("redelivered", { consumer: durableLabel(again.consumer) });
      latest = again;
    },
  };
}
