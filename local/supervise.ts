import type { ChildProcess } from "node:child_process";
import { reasonOf, StartFailure } from "./failure.ts";
import { killGroup, recordOf, type ProcessRecord } from "./processes.ts";
import { watchSilence } from "./watch-silence.ts";

/** A process as it was just started. It leads its own process group, so that Ctrl-C reaches only `up`, which stops things in order. */
export type Launched = {
  child: ChildProcess;
  /** Its address once it can work; rejects when it never will. */
  ready: Promise<string>;
  /** The last line that it wrote about a failure. */
  tail(): string;
};

/** What to keep up, and how it is started. `address` is the one it had before, to be taken again. */
export type Program = {
  name: string;
  launch: (address: string | undefined) => Launched;
  /** A failure to start is final: nothing changes by trying again. */
  oneTry?: boolean;
  /** Once ready it answers `/livez`; one that is silent for so many milliseconds is killed, and started again. */
  silenceMs?: number;
  /** One that was ready before, and is not again within so many milliseconds, is killed, and started again. */
  readyWithinMs?: number;
};

/** Who wants to know how a program fares. `changed`: it has another process or address, or none for good. */
export type Watcher = { changed(): void; say(line: string): void };

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
/** A process that was ready for so long starts again after the first delay. */
const STEADY_MS = 10_000;
/** sysexits.h: wrong configuration. Starting again does not help. */
const EX_CONFIG = 78;

/** A program that is kept up: when its process dies, or answers no more, it is started again, after 0.2 s doubling to 10 s. */
export class Supervised {
  readonly name: string;
  /** Settles once: ready for the first time, or beyond help (a StartFailure). */
  readonly firstReady: Promise<void>;
  /** Its process; the last one while it is being started again, none once it stays down. */
  record: ProcessRecord | undefined;
  /** Where it answers, or did until it died. */
  address: string | undefined;
  /** Why it stays down. */
  failure: StartFailure | undefined;

  readonly #program: Program;
  readonly #watcher: Watcher;
  readonly #first = Promise.withResolvers<void>();
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #endWatch: (() => void) | undefined;
  #delayMs = FIRST_DELAY_MS;
  #wasReady = false;
  #over = false;

  constructor(program: Program, watcher: Watcher) {
    this.name = program.name;
    this.#program = program;
    this.#watcher = watcher;
    this.firstReady = this.#first.promise;
    // Whoever starts several programs may hear of the first failure and never ask for this one.
    this.firstReady.catch(() => {});
  }

  /** Starts it, once; from then on it is kept up. */
  start(): void {
    this.#launch(undefined);
  }

  /** Ends the program: SIGTERM, then SIGKILL after the grace. Resolves when its process is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#over = true;
    clearTimeout(this.#restart);
    this.#endWatch?.();
    const child = this.#child;
    if (child === undefined || isOver(child)) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const kill = setTimeout(() => killGroup(child.pid ?? 0), graceMs);
    await gone;
    clearTimeout(kill);
  }

  #launch(address: string | undefined): void {
    let launched: Launched;
    try {
      launched = this.#program.launch(address);
    } catch (error) {
      this.#startAgain(`${this.name} does not start: ${reasonOf(error)}`, undefined);
      return;
    }
    const begun = performance.now();
    let readyAt: number | undefined;
    this.#child = launched.child;
    if (launched.child.pid !== undefined) this.record = recordOf(this.name, launched.child.pid);
    this.#watcher.changed();
    const late = this.#killIfLate(launched.child);
    launched.ready.then(
      (where) => {
        readyAt = performance.now();
        clearTimeout(late);
        this.#onReady(where, readyAt - begun);
        this.#watch(where, launched.child);
      },
      () => {}, // It has ended then, which is told below.
    );
    whenOver(launched.child, (how) => {
      clearTimeout(late);
      this.#endWatch?.();
      // What it started itself must not outlive it.
      if (launched.child.pid !== undefined) killGroup(launched.child.pid);
      if (!this.#over) this.#onDeath(launched, how, readyAt);
    });
  }

  /** Before it is ready nobody knows where to ask it whether it lives. For the first time whoever started it waits for it. */
  #killIfLate({ pid }: ChildProcess): NodeJS.Timeout | undefined {
    const { readyWithinMs } = this.#program;
    if (readyWithinMs === undefined || pid === undefined || !this.#wasReady) return undefined;
    return setTimeout(() => {
      this.#watcher.say(`${this.name} is not ready within ${readyWithinMs / 1000} s; starting it again`);
      killGroup(pid);
    }, readyWithinMs);
  }

  #onReady(address: string, tookMs: number): void {
    if (this.#over) return;
    this.#wasReady = true;
    this.address = address;
    this.#watcher.say(`${this.name} ready in ${seconds(tookMs)}`);
    this.#watcher.changed();
    this.#first.resolve();
  }

  #watch(address: string, child: ChildProcess): void {
    const { silenceMs } = this.#program;
    if (silenceMs === undefined || child.pid === undefined || this.#over || isOver(child)) return;
    const { pid } = child;
    this.#endWatch = watchSilence({ url: `${address}/livez`, pid, silenceMs }, () => {
      this.#watcher.say(`${this.name} does not answer for ${silenceMs / 1000} s; starting it again`);
      killGroup(pid);
    });
  }

  #onDeath({ child, tail }: Launched, how: string, readyAt: number | undefined): void {
    // What it wrote last explains an exit, and says nothing about a signal.
    const said = child.exitCode === null ? "" : tail();
    const what = `${this.name} ended (${how})${said === "" ? "" : `: ${said}`}`;
    const wrongSettings = child.exitCode === EX_CONFIG;
    if (wrongSettings || (this.#program.oneTry === true && !this.#wasReady)) {
      this.#over = true;
      this.record = undefined;
      this.failure = new StartFailure(what, { exitCode: wrongSettings ? EX_CONFIG : 1 });
      if (this.#wasReady) this.#watcher.say(`${what}; its settings are wrong, so it stays down`);
      this.#first.reject(this.failure);
      this.#watcher.changed();
      return;
    }
    if (readyAt !== undefined && performance.now() - readyAt >= STEADY_MS) this.#delayMs = FIRST_DELAY_MS;
    // One that died before it was ready may have found its old address taken.
    this.#startAgain(what, readyAt === undefined ? undefined : this.address);
  }

  #startAgain(what: string, address: string | undefined): void {
    this.#watcher.say(`${what}; starting it again in ${seconds(this.#delayMs)}`);
    this.#restart = setTimeout(() => this.#launch(address), this.#delayMs);
    this.#delayMs = Math.min(2 * this.#delayMs, LONGEST_DELAY_MS);
  }
}

function whenOver(child: ChildProcess, tell: (how: string) => void): void {
  child.once("exit", (code, signal) => tell(signal ?? `exit ${code}`));
  child.once("error", (error) => {
    // A program that cannot be started at all has no exit.
    if (child.pid === undefined) tell(error.message);
  });
}

const isOver = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
