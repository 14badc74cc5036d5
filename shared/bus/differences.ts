/** A setting of a stream or consumer that is not as the contract wants it. */
export type Difference = { of: string; setting: string; have: unknown; want: unknown };

/** The settings of a stream or consumer, by the broker's names. */
export type Config = Record<string, unknown>;

/** What the broker means where it says nothing. */
const UNSAID: Config = {
  description: "",
  max_age: 0,
  max_bytes: -1,
  max_msgs: -1,
  max_msg_size: -1,
  max_msgs_per_subject: -1,
  max_deliver: -1,
  inactive_threshold: 0,
  discard_new_per_subject: false,
  deny_delete: false,
  deny_purge: false,
  allow_direct: false,
  allow_msg_schedules: false,
  allow_msg_ttl: false,
};

/** Settings that may be changed either way: nothing is lost by it. */
const FREE = new Set(["description", "max_ack_pending", "ack_wait", "max_deliver", "inactive_threshold"]);
/** Settings that may be switched on. */
const SWITCHES = new Set(["deny_delete", "deny_purge", "allow_direct"]);
/** Settings that may grow; zero and below stand for no limit. */
const LIMITS = new Set(["max_bytes", "max_age", "max_msg_size", "duplicate_window"]);
/** Settings that may be added to. */
const LISTS = new Set(["subjects", "filter_subjects"]);

/** Which of the wanted settings are not as wanted. Settings that nothing is wanted of are the operator's. */
export function differencesOf(of: string, have: Config, want: Config): Difference[] {
  return Object.entries(want)
    .map(([setting, wanted]) => ({ of, setting, have: have[setting] ?? UNSAID[setting], want: wanted }))
    .filter((difference) => JSON.stringify(difference.have) !== JSON.stringify(difference.want));
}

/**
 * Whether a change loses nothing: no message, nothing that a consumer still has to see, no promise of the contract.
 */
export function isSafe({ setting, have, want }: Difference): boolean {
  if (FREE.has(setting)) return true;
  if (SWITCHES.has(setting)) return want === true;
  if (LIMITS.has(setting)) return limit(want) > limit(have);
  if (LISTS.has(setting)) return list(have).every((subject) => list(want).includes(subject));
  return false;
}

function limit(value: unknown): number {
  return Number(value) > 0 ? Number(value) : Number.POSITIVE_INFINITY;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
