import { runCommandLine, type CommandRow } from "./command-line.ts";

/** Every command, one row each, in the order of the help. */
const COMMANDS: readonly CommandRow[] = [
  {
    name: "demo",
    summary: "start everything, run three tasks, show them, stop",
    load: async () => (await import("./demo.ts")).demo,
  },
  {
    name: "up",
    summary: "start nats-server and every service here, and keep them running",
    load: async () => (await import("./up.ts")).up,
  },
  {
    name: "down",
    summary: "stop what `up` started",
    load: async () => (await import("./down.ts")).down,
  },
  {
    name: "setup",
    summary: "create or check the streams and consumers of a broker",
    load: async () => (await import("./setup.ts")).setup,
  },
  {
    name: "submit",
    summary: "submit a task",
    load: async () => (await import("./submit.ts")).submit,
  },
  {
    name: "runs",
    summary: "list the runs, newest first",
    load: async () => (await import("./runs.ts")).runs,
  },
  {
    name: "show",
    summary: "show a run: its plan with states, times and results",
    load: async () => (await import("./show.ts")).show,
  },
  {
    name: "cancel",
    summary: "cancel a run",
    load: async () => (await import("./cancel.ts")).cancel,
  },
  {
    name: "explain",
    summary: "tell why a step went to its agent",
    load: async () => (await import("./explain.ts")).explain,
  },
  {
    name: "events",
    summary: "list the facts of a run, in the order of the log",
    load: async () => (await import("./events.ts")).events,
  },
  {
    name: "trace",
    summary: "show the spans of a run with times and queue waits, as text or as a page for the browser",
    load: async () => (await import("./trace.ts")).trace,
  },
  {
    name: "metrics",
    summary: "sum up what the services have counted and measured",
    load: async () => (await import("./metrics.ts")).metrics,
  },
  {
    name: "logs",
    summary: "read the log lines of the services",
    load: async () => (await import("./logs.ts")).logs,
  },
  {
    name: "dlq",
    summary: "list, show and redrive dead letters",
    load: async () => (await import("./dlq.ts")).dlq,
  },
  {
    name: "plan",
    summary: "plan, route and judge a goal without a bus",
    load: async () => (await import("./plan.ts")).plan,
  },
  {
    name: "catalog",
    summary: "list the agents, rules and methods",
    load: async () => (await import("./catalog.ts")).catalog,
  },
  {
    name: "doctor",
    summary: "say what is running, what is missing, and what to do",
    load: async () => (await import("./doctor.ts")).doctor,
  },
];

// Whoever reads may have seen enough: `genesis events RUN | head` is not an error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
process.exitCode = await runCommandLine(COMMANDS, process.argv.slice(2));
