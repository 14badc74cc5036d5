import type { Bus } from "../shared/bus/connect.ts";
import { publish } from "../shared/bus/publish.ts";
import { HEADER } from "../shared/contract/headers.ts";
import type { Submission } from "../shared/contract/submission.ts";
import { CommandFailure } from "./failure.ts";

/** Asks the gateway to take a task, and gives the run that it became. */
export async function submitByRequest({ requests, subjects }: Bus, task: Submission): Promise<string> {
  const reply = await requests.one({ subject: subjects.submit, payload: JSON.stringify(task) });
  const { run, code } = JSON.parse(new TextDecoder().decode(reply.data)) as { run?: string; code?: string };
  if (run === undefined) throw new CommandFailure(`the task was refused: ${code}`);
  return run;
}

/** Leaves a task in the inbox, as any NATS client can. When this returns, the broker has it on disk. */
export async function submitByMessage(
  { requests, subjects }: Bus,
  task: Submission,
  key: string,
): Promise<void> {
  const headers = { [HEADER.idempotencyKey]: key };
  const answer = await publish(requests, { subject: subjects.tasks, bytes: JSON.stringify(task), headers });
  if (answer.kind !== "stored") throw new CommandFailure(`the inbox did not store the task (${answer.kind})`);
}
