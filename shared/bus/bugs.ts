import type { StoredMessage } from "./direct-get.ts";

/**
 * How often the handling of each message ended in a bug, in this process. The broker counts deliveries, and a message
 * that waited for a storage that was away has many of them without one bug.
 */
export type Bugs = {
  /** Counts one more for a message, and says how many that makes. */
  count: (message: StoredMessage) => number;
  forget: (message: StoredMessage) => void;
};

/** More messages than a process has in hand; of more, the ones that were counted longest ago begin anew. */
const MAX_MESSAGES = 10_000;

export function countBugs(maxMessages = MAX_MESSAGES): Bugs {
  const counts = new Map<string, number>();
  return {
    count: (message) => {
      const key = keyOf(message);
      const count = (counts.get(key) ?? 0) + 1;
      counts.delete(key);
      counts.set(key, count);
      for (const oldest of counts.keys()) {
        if (counts.size <= maxMessages) break;
        counts.delete(oldest);
      }
      return count;
    },
    forget: (message) => void counts.delete(keyOf(message)),
  };
}

function keyOf({ stream, seq }: StoredMessage): string {
  return `${stream} ${seq}`;
}
