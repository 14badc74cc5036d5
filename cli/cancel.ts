import { InvalidArgumentError, type Command } from "commander";
import { userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bus } from "../shared/bus/connect.ts";
import type { NewEvent } from "../shared/contract/events.ts";
import { brokerOptions, withBus, type BrokerOptions } from "./connection.ts";
import { CommandFailure } from "./failure.ts";
import { follow } from "./follow.ts";
import { awaitRun } from "./live.ts";
import { loadRun, viewNow } from "./load-run.ts";
import { jsonOption, outputFor } from "./output.ts";
import { runWord } from "./render/paint.ts";
import type { RunView } from "./run-view.ts";
import { GENESIS } from "../shared/contract/command.ts";

/** Execution ends a cancelled run at once; when it takes longer, execution is not running. */
const WAIT_MS = 30_000;
/** Whoever cancels twice, or from two terminals, gives one signal: the second finds that it stands. */
const SIGNAL = "cancel";

/** `genesis cancel RUN`: tells a run to end, and how it ended. */
export function cancel(command: Command): void {
  command
    .argument("<run>", "a run or the trace of its submission, or any unique beginning of its id")
    .option("--reason <text>", "why, for the record", readReason);
  jsonOption(brokerOptions(command)).action(
    async (given: string, options: BrokerOptions & { reason?: string; json?: boolean }) => {
      const { json, lines, document, paint } = outputFor(options);
      const view = await withBus(options, (bus) => cancelRun(bus, given, options.reason));
      if (json) document(view);
      else lines([`run ${view.run} ${runWord(view.outcome ?? "", paint)}`]);
      if (view.outcome !== "cancelled")
        throw new CommandFailure(`the run ended ${view.outcome} before it could be cancelled`);
    },
  );
}

async function cancelRun(bus: Bus, given: string, reason: string | undefined): Promise<RunView> {
  const { run } = await loadRun(bus, given);
  const view = viewNow(run);
  if (view.state === "finished") return view;
  await signal(bus, view, reason);
  const following = awaitRun(run.id, follow(bus, run.id));
  // When nobody waits for it any more, it ends with the connection, in whatever way.
  following.catch(() => {});
  const ended = await Promise.race([following, sleep(WAIT_MS, undefined, { ref: false })]);
  if (ended) return ended;
  throw new CommandFailure(
    `the signal stands, but after ${WAIT_MS / 1000} s the run has not ended; ${GENESIS} doctor says whether execution is running`,
  );
}

async function signal(bus: Bus, { run, correlationId }: RunView, reason: string | undefined): Promise<void> {
  const event: NewEvent<"run.signal"> = {
    type: "run.signal",
    run,
    tokens: [SIGNAL],
    causationId: "",
    data: {
      kind: "cancel",
      actor: { kind: "user", name: userName() },
      ...(reason !== undefined && { reason }),
    },
  };
  const asked = { event, expect: "subject" as const };
  const outcome = await bus.log.append(asked, { correlationId, root: { caller: undefined } });
  // A cancel that stands already, for whatever reason and by whomever, does the same.
  const stands = outcome.kind === "superseded" ? outcome.by.event : undefined;
  const isCancel = stands?.type === "run.signal" && stands.data.kind === "cancel";
  if (outcome.kind !== "stored" && !isCancel) {
    throw new CommandFailure(
      `something else stands where the signal belongs; ${GENESIS} events ${run} shows it`,
    );
  }
}

/** What a signal's schema allows. */
const MAX_REASON = 4096;

function readReason(text: string): string {
  if (text.length <= MAX_REASON) return text;
  throw new InvalidArgumentError(`It must have at most ${MAX_REASON} characters.`);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return "unknown";
  }
}
