import { eventually } from "../support/eventually.ts";
import { factOf } from "../support/fact-shape.ts";
import type { ForeignClient } from "../support/foreign-client.ts";
import { inHandOf, isAllHandled, shortenAckWait } from "../support/load.ts";
import { dispatchOf, traceOf } from "../support/puppet.ts";
import { bodyOf, hex32 } from "../support/stored-message.ts";
import { asleep, begin, within, type Scenario } from "./scenario.ts";

/** The trace of whoever leaves a task that cannot be read. */
const LEAVER = "abcdefabcdefabcdefabcdefabcdefab";
/** How long a broker waits for a process that is gone, where a scenario waits for that. */
const ACK_WAIT_S = 2;
/** The time that an agent is given to finish what it has in hand is shorter. */
const LONGER_THAN_A_DRAIN_MS = 5500;

/** Those in which a process or the broker is disturbed: one after the other, and alone. */
export const ONE_BY_ONE: Readonly<Record<string, Scenario>> = {
  redelivery: {
    about:
      "a router that stands still and is killed over a plan: the plan comes again, and says how often it came",
    play: async (instance) => {
      const { client } = instance;
      await shortenAckWait(client, ACK_WAIT_S, (durable) => durable === "halo");
      instance.freeze("halo");
      const run = await begin(instance, "flow_noop");
      await eventually(async () => (await inHandOf(client, "halo")) > 0);
      instance.kill("halo");
      await client.finished(run);
      await eventually(() => isAllHandled(client, "halo"));
      return { run };
    },
  },
  "unreadable-plan": {
    about: "a plan that nobody can read: one dead letter, and the run has failed",
    play: async (instance) => {
      const { client } = instance;
      // It would have been faster.
      const goOn = instance.freeze("htdag");
      const run = await begin(instance, "flow_noop");
      const task = await client.waitFor(`genesis.v1.task.submitted.${run}.once`);
      const subject = `genesis.v1.plan.decomposed.${run}.0`;
      const headers = { "Nats-Msg-Id": hex32(subject), "correlation-id": factOf(task).body.correlationId };
      await client.publish(subject, "{", { ...headers, ...traceOf(factOf(task)) });
      await client.finished(run);
      goOn();
      await eventually(() => isAllHandled(client, "htdag"));
      return { run };
    },
  },
  "not-stored": {
    about:
      "a broker that takes no dead letters for a while: the first attempt to write one fails, the next one does not",
    play: async (instance) => {
      const { client } = instance;
      const goOn = await refuseDeadLetters(client);
      await client.task("no JSON", within(LEAVER));
      await eventually(async () =>
        (await instance.logLines()).some(
          ({ event, stream }) => event === "retry_later" && stream === "GENESIS_INBOX",
        ),
      );
      await goOn();
      await eventually(() => isAllHandled(client, "gateway"));
      return { traceId: LEAVER };
    },
  },
  "given-back": {
    about:
      "a result that nobody can read, while the broker takes no dead letters: the same process takes it up again, and links",
    play: async (instance) => {
      const { client } = instance;
      const run = await begin(instance, "trace_late");
      const dispatched = await dispatchOf(client, run, "s1");
      const goOn = await refuseDeadLetters(client);
      const subject = `genesis.v1.step.completed.${run}.s1`;
      const headers = { "Nats-Msg-Id": hex32(subject), "correlation-id": dispatched.body.correlationId };
      await client.publish(subject, "{", { ...headers, ...traceOf(dispatched) });
      await eventually(async () =>
        (await instance.logLines()).some((line) => line["event"] === "retry_later" && line["run"] === run),
      );
      await goOn();
      await client.finished(run);
      await eventually(() => isAllHandled(client, "execution"));
      return { run };
    },
  },
  "crash-before-ack": {
    about: "an agent that is killed over a step: its spans are lost, and the step is done by the next one",
    play: async (instance) => {
      const { client } = instance;
      await shortenAckWait(client, ACK_WAIT_S, (durable) => durable.startsWith("agent-flow_worker"));
      const run = await asleep(instance, { taskType: "flow_sleep", input: { ms: 1500 } });
      instance.kill("flow-agent");
      await client.finished(run);
      return { run };
    },
  },
  "handed-back": {
    about: "an agent that is told to end over a step: it gives it back, and the next one does it",
    play: async (instance) => {
      const { client } = instance;
      const run = await asleep(instance, { taskType: "flow_sleep", input: { ms: LONGER_THAN_A_DRAIN_MS } });
      instance.end("flow-agent");
      await client.finished(run);
      return { run };
    },
  },
};

/** Has the broker refuse every dead letter. Returns how to have it take them again. */
async function refuseDeadLetters({ ask }: ForeignClient): Promise<() => Promise<void>> {
  const stream = "GENESIS_DLQ";
  const about = await ask(`$JS.API.STREAM.INFO.${stream}`, "");
  const { config } = bodyOf<{ config: Record<string, unknown> }>({ bytes: about });
  const update = async (change: object): Promise<void> => {
    await ask(`$JS.API.STREAM.UPDATE.${stream}`, JSON.stringify({ ...config, ...change }));
  };
  await update({ max_msg_size: 1 });
  return () => update({});
}
