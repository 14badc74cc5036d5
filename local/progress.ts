import yoctoSpinner from "yocto-spinner";

/** What is going on, told to a person on standard error; standard output stays free for the answer. */
export type Progress = {
  /** One line that stays. */
  say(line: string): void;
  /** Something that takes a while: its text changes until it ends with a line that stays. */
  begin(text: string): Work;
};

export type Work = { update(text: string): void; end(line: string): void };

/** How often a long work is mentioned where lines cannot be overwritten. */
const PLAIN_EVERY_MS = 10_000;

/** Progress on a stream: a line that updates on a terminal, plain lines otherwise. */
export function progressOn(stream: NodeJS.WriteStream): Progress {
  const say = (line: string): void => {
    stream.write(`${line}\n`);
  };
  return { say, begin: (text) => (stream.isTTY ? beginSpinner(stream, text) : beginPlain(say, text)) };
}

/** Progress that nobody sees, for tests. */
export const SILENT: Progress = { say: () => {}, begin: () => ({ update: () => {}, end: () => {} }) };

/** Shows a long work with the seconds that it takes so far. @returns what ends it with a line that stays */
export function showWork(progress: Progress, title: string): (line: string) => void {
  const begun = performance.now();
  const work = progress.begin(title);
  const timer = setInterval(() => {
    work.update(`${title}: ${Math.round((performance.now() - begun) / 1000)} s`);
  }, 1000);
  return (line) => {
    clearInterval(timer);
    work.end(line);
  };
}

function beginSpinner(stream: NodeJS.WriteStream, text: string): Work {
  // Signals are the business of whoever started the work: they stop the broker and the services too.
  const spinner = yoctoSpinner({ stream, text, handleSignals: false }).start();
  return {
    update: (next) => {
      spinner.text = next;
    },
    end: (line) => {
      spinner.stop(line);
    },
  };
}

function beginPlain(say: (line: string) => void, text: string): Work {
  let saidAt = performance.now();
  say(text);
  return {
    update: (next) => {
      if (performance.now() - saidAt < PLAIN_EVERY_MS) return;
      saidAt = performance.now();
      say(next);
    },
    end: say,
  };
}
