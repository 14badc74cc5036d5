import { eventually } from "../support/eventually.ts";
import { factOf, traceIdOf } from "../support/fact-shape.ts";
import { isAllHandled } from "../support/load.ts";
import { complete, completeWith, dispatchOf, traceOf } from "../support/puppet.ts";
import { bodyOf, hex32, runOfInbox, runOfKey } from "../support/stored-message.ts";
import { asleep, begin, whole, within, type Scenario } from "./scenario.ts";

/** Long enough for a step to begin, also on a machine that is busy. */
const DEADLINE_MS = 4000;

/** Traces of other people's systems, which the scenarios are called from. */
const CALLER = "4bf92f3577b34da6a3ce929d0e0e4736";
const CANCELLER = "0af7651916cd43dd8448eb211c80319c";
const LEAVER = "1234567890abcdef1234567890abcdef";
const UNSAMPLED = "fedcba0987654321fedcba0987654321";

/** Those that do not disturb each other: they happen at the same time. */
export const SIDE_BY_SIDE: Readonly<Record<string, Scenario>> = {
  happy: {
    about: "two steps, one after the other",
    play: (instance) => whole(instance, "trace_pair"),
  },
  "fan-out-50": {
    about:
      "50 steps at once, and one that waits for all of them: it links to each but the last, which it stands under",
    alike: /^s\d+$/,
    play: (instance) => whole(instance, "flow_fan50"),
  },
  replan: {
    about: "the first plan is rejected; the second stands under the task, and links to the rejection",
    play: (instance) => whole(instance, "trace_replan"),
  },
  unroutable: {
    about: "no agent is fit for the only plan there is: the run is rejected",
    play: (instance) => whole(instance, { taskType: "trace_unroutable", policy: { maxReplans: 1 } }),
  },
  fallback: {
    about: "no method fits the goal: one step for whoever takes generic work, who asks a model",
    play: (instance) => whole(instance, { goal: "say hello" }),
  },
  spending: {
    about: "an agent that tells what a step has cost",
    play: (instance) => whole(instance, { taskType: "flow_spend", input: { costMicroUsd: 7 } }),
  },
  retry: {
    about: "an attempt fails, and the next one, after a rest, does not",
    play: (instance) => whole(instance, "flow_retry"),
  },
  failure: {
    about: "the only attempt fails, so the run does, and what has not begun is skipped",
    play: (instance) => whole(instance, "flow_fail"),
  },
  skip: {
    about: "a step that may fail does, what depends on it is skipped, and the run is completed",
    play: (instance) => whole(instance, "trace_skip"),
  },
  timeout: {
    about:
      "an agent that does not hear that its time is over: execution gives the step up, the agent's answer is too late",
    play: async (instance) => {
      const left = await whole(instance, "flow_timeout");
      await eventually(() => isAllHandled(instance.client, "agent-flow_worker-normal"));
      return left;
    },
  },
  deadline: {
    about: "the run's deadline passes while an agent works",
    play: (instance) => {
      const deadline = new Date(Date.now() + DEADLINE_MS).toISOString();
      return whole(instance, { taskType: "flow_slow", deadline });
    },
  },
  cancel: {
    about: "a run is cancelled from inside somebody else's trace, which is linked: all stays in the run's",
    play: async (instance) => {
      const { client } = instance;
      const run = await asleep(instance, "flow_slow");
      await client.signal(run, "stop", { kind: "cancel", headers: within(CANCELLER) });
      await client.finished(run);
      return { run };
    },
  },
  "update-refused": {
    about: "a running plan is to be changed, which is refused",
    play: async (instance) => {
      const { client } = instance;
      const run = await begin(instance, "puppet_pair");
      const first = await dispatchOf(client, run, "s1");
      const data = { baseRev: 0, because: "as the test says", actor: { kind: "user", name: "a stranger" } };
      await client.write({ type: "plan.update", run, rest: ["mine"], data }, within(CALLER));
      await client.waitFor(`genesis.v1.plan.refused.${run}.mine`);
      await complete(client, first);
      await complete(client, await dispatchOf(client, run, "s2"));
      await client.finished(run);
      return { run };
    },
  },
  "foreign-agent": {
    about:
      "an agent that carries the trace on and writes no spans: what follows stands under spans that are not here",
    play: async (instance) => {
      const { client } = instance;
      const run = await begin(instance, "puppet_pair");
      for (const step of ["s1", "s2"]) await complete(client, await dispatchOf(client, run, step));
      await client.finished(run);
      return { run };
    },
  },
  "invalid-context": {
    about:
      "an agent whose answer carries no trace context that could be read: what follows is a trace of its own",
    play: async (instance) => {
      const { client } = instance;
      const run = await begin(instance, "puppet_pair");
      const headers = { traceparent: `00-${CALLER.toUpperCase()}-00f067aa0ba902b7-01` };
      await completeWith(client, await dispatchOf(client, run, "s1"), { headers });
      await complete(client, await dispatchOf(client, run, "s2"));
      await client.finished(run);
      return { run };
    },
  },
  "caller-at-the-door": {
    about: "a task that is submitted from inside somebody else's trace, which is linked: a fresh one starts",
    play: (instance) =>
      whole(instance, "flow_noop", {
        ...within(CALLER),
        tracestate: "vendor=1",
        "correlation-id": "the-callers",
      }),
  },
  "caller-unsampled": {
    about: "the same from inside a trace that is not sampled: whether ours is, is our affair",
    play: (instance) => whole(instance, "flow_noop", within(CALLER, "00")),
  },
  "left-in-the-inbox": {
    about: "a task that nobody asked at the door for: the root says how long it has waited",
    play: async ({ client }) => {
      const { seq } = await client.task({ goal: "leave a trace", taskType: "flow_noop" });
      const { storedAtNs } = (await client.at("GENESIS_INBOX", seq))!;
      const run = runOfInbox({ seq, storedAtNs });
      await client.finished(run);
      return { run };
    },
  },
  "submitted-twice": {
    about: "a task that is submitted three times by one key, at both doors: one run, one trace",
    play: async (instance) => {
      const task = { goal: "leave a trace", taskType: "flow_noop" };
      const headers = { "idempotency-key": "traced-once" };
      const left = await whole(instance, task, headers);
      await begin(instance, task, headers);
      await instance.client.task(task, headers);
      return left;
    },
  },
  unsampled: {
    about:
      "a task whose trace its gateway chose not to record: nobody records it, and the contexts travel all the same",
    play: async (instance) => {
      const { client } = instance;
      const { run: like } = (await whole(instance, "flow_noop")) as { run: string };
      const task = bodyOf(await client.waitFor(`genesis.v1.task.submitted.${like}.once`));
      const run = runOfKey("unsampled");
      const subject = `genesis.v1.task.submitted.${run}.once`;
      const id = hex32(`${subject}|`);
      await client.publish(subject, JSON.stringify({ ...task, id, run }), {
        "Nats-Msg-Id": id,
        "correlation-id": String(task["correlationId"]),
        "causation-id": "",
        ...within(UNSAMPLED, "00"),
      });
      await client.finished(run);
      return { run };
    },
  },
  "dead-letter": {
    about: "a task that cannot be read: it belongs to the trace of whoever left it",
    play: async ({ client }) => {
      await client.task("no JSON", { ...within(LEAVER), "correlation-id": "of-a-bad-task" });
      await eventually(async () =>
        (await client.deadLetters()).some((letter) => traceIdOf(letter) === LEAVER),
      );
      return { traceId: LEAVER };
    },
  },
  overtaken: {
    about: "somebody else answers a step that an agent is at work on: the agent's answer is too late",
    play: async (instance) => {
      const { client } = instance;
      const run = await asleep(instance, "trace_overtaken");
      const asked = await client.waitFor(`genesis.v1.step.dispatched.${run}.s1.1.flow_worker.normal`);
      await complete(client, factOf(asked));
      const isLate = ({ event, run: of }: Record<string, unknown>) => event === "late_result" && of === run;
      await eventually(async () => (await instance.logLines()).some(isLate));
      await complete(client, await dispatchOf(client, run, "s2"));
      await client.finished(run);
      return { run };
    },
  },
  unreadable: {
    about: "a result that nobody can read: one dead letter, and the step has failed",
    play: async (instance) => {
      const { client } = instance;
      const run = await begin(instance, "trace_late");
      const dispatched = await dispatchOf(client, run, "s1");
      const subject = `genesis.v1.step.completed.${run}.s1`;
      const headers = { "Nats-Msg-Id": hex32(subject), "correlation-id": dispatched.body.correlationId };
      await client.publish(subject, "{", { ...headers, ...traceOf(dispatched) });
      await client.finished(run);
      return { run };
    },
  },
  "far-ahead": {
    about: "an alarm that was set more than a minute ahead: what it begins is a linked trace of its own",
    play: async (instance) => {
      const { client } = instance;
      const run = await begin(instance, "trace_far");
      await dispatchOf(client, run, "s1");
      const timer = `genesis.timers.set.${run}.timeout.s1.1`;
      const { headers } = await eventually(() => client.get(timer, "GENESIS_TIMERS"));
      // Nobody waits for two minutes: the same alarm takes its place, which says that it was set long before.
      const [traceparent, schedule, target] = ["traceparent", "Nats-Schedule", "Nats-Schedule-Target"].map(
        (name) => headers[name]![0]!,
      );
      await client.publish(timer, JSON.stringify({ aheadMs: 120_000 }), {
        traceparent: traceparent!,
        "Nats-Schedule": schedule!,
        "Nats-Schedule-Target": target!,
      });
      await client.finished(run);
      return { run };
    },
  },
};
