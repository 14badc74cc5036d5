import { Option, type Command } from "commander";
import { z } from "zod";
import type { Bus } from "../shared/bus/connect.ts";
import { GenesisError } from "../shared/contract/errors.ts";
import { errorShape } from "../shared/contract/events.ts";
import { HEADER, idempotencyKeyOf } from "../shared/contract/headers.ts";
import { parseJson } from "../shared/contract/json.ts";
import type { Submission } from "../shared/contract/submission.ts";
import { token } from "../shared/contract/token.ts";
import { brokerOptions, withBus, type BrokerOptions } from "./connection.ts";
import { CommandFailure, wrongUsage } from "./failure.ts";
import { follow } from "./follow.ts";
import { awaitRun, watchRun } from "./live.ts";
import { jsonOption, outputFor, type Output } from "./output.ts";
import { errorText, fileLines } from "./render/run.ts";
import { endSummary } from "./render/summary.ts";
import type { RunView } from "./run-view.ts";
import { payloadOf, readDeadline, readObject, type SubmissionOptions } from "./submission.ts";
import { GENESIS } from "../shared/contract/command.ts";

type SubmitOptions = SubmissionOptions &
  BrokerOptions & { key?: string; wait?: boolean; watch?: boolean; json?: boolean };

/** `genesis submit`: hands a task to the gateway, and says which run it became. */
export function submit(command: Command): void {
  command
    .option("--goal <text>", "what is to be done")
    .option("--file <path>", "a JSON file with the payload; the other options go over it")
    .option("--type <type>", "the task's type")
    .option("--input <json>", "the task's input, a JSON object", readObject)
    .addOption(new Option("--priority <priority>", "its lane").choices(["high", "normal", "low"]))
    .option("--deadline <when>", "RFC 3339, or a duration such as 10m (default: an hour)", readDeadline)
    .option("--key <key>", "idempotency key: the same key and payload is the same run")
    .option("--wait", "wait for its end; exit code 0 only when it completed")
    .option("--watch", "show it until its end; exit code as with --wait");
  jsonOption(brokerOptions(command), "print JSON; with --watch, a line per fact").action(
    async (options: SubmitOptions) => {
      const payload = payloadOf(options, Date.now());
      checkKey(options.key);
      await withBus(options, (bus) => submitTask(bus, payload, options));
    },
  );
}

async function submitTask(bus: Bus, payload: Submission, options: SubmitOptions): Promise<void> {
  const output = outputFor(options);
  const accepted = await ask(bus, payload, options);
  if (options.watch) {
    if (output.json) output.document(accepted);
    else if (!output.isLive) output.lines([`run ${accepted.run}`]);
    const seen = await watchRun(accepted.run, follow(bus, accepted.run), output);
    if (!output.json) {
      // A live view stays on the screen, and names the files itself.
      output.lines([endText(seen, output), ...(output.isLive ? [] : fileLines(seen, output.paint))]);
    }
    return requireCompleted(seen);
  }
  if (!options.wait) return tellAccepted(accepted, output);
  // Whoever stops waiting has to know what goes on; a program knows it by its key.
  if (!output.json) process.stderr.write(`waiting for run ${accepted.run}\n`);
  const view = await awaitRun(accepted.run, follow(bus, accepted.run));
  if (output.json) output.document({ ...accepted, ...view });
  else output.lines([endText(view, output)]);
  requireCompleted(view);
}

/** What the door answers: an error of the contract's one shape, or which run it is. */
const accepted = z.object({ run: token, correlationId: z.string(), traceId: z.string() });
type Accepted = z.infer<typeof accepted>;

async function ask(
  { requests, subjects }: Bus,
  payload: Submission,
  { key, deadline }: SubmitOptions,
): Promise<Accepted> {
  const headers = {
    [HEADER.contentType]: "application/json",
    ...(key !== undefined && { [HEADER.idempotencyKey]: key }),
  };
  const question = { subject: subjects.submit, payload: JSON.stringify(payload), headers };
  const reply = await requests.one(question).catch((error: unknown) => {
    const isSilent = error instanceof GenesisError && error.code === "E_STORAGE";
    throw isSilent
      ? new CommandFailure(`the gateway does not answer; ${GENESIS} doctor says what is running`)
      : error;
  });
  const answer = parseJson(reply.data);
  const refusal = errorShape.safeParse(answer).data;
  if (refusal) {
    const isMoving = refusal.code === "E_CONFLICT" && deadline !== undefined && "inMs" in deadline;
    const hint = isMoving ? "; a deadline as a duration makes every payload another one, give a moment" : "";
    throw new CommandFailure(`the task was refused: ${errorText(refusal)}${hint}`);
  }
  const run = accepted.safeParse(answer).data;
  if (run) return run;
  throw new CommandFailure("the gateway's answer cannot be read; is it of another version?");
}

function tellAccepted(run: Accepted, output: Output): void {
  if (output.json) output.document(run);
  else
    output.lines([
      `run ${run.run}`,
      output.paint.dim(`${GENESIS} show ${run.run.slice(0, 8)} --watch follows it`),
    ]);
}

function endText(view: RunView, { paint }: Output): string {
  return `run ${view.run} ${endSummary(view, paint)}`;
}

function requireCompleted({ run, outcome, error }: RunView): void {
  if (outcome === "completed") return;
  const why = error ? `: ${errorText(error)}` : "";
  throw new CommandFailure(`the run ended ${outcome}${why}; ${GENESIS} show ${run} tells more`);
}

function checkKey(key: string | undefined): void {
  if (key === undefined) return;
  try {
    idempotencyKeyOf(new Map([[HEADER.idempotencyKey, [key]]]));
  } catch {
    throw wrongUsage("--key takes 1 to 200 printable ASCII characters, no blank at either end");
  }
}
