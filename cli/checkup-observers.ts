import { once } from "node:events";
import { connect } from "node:http2";
import type { LocalState } from "../local/state.ts";
import { GENESIS } from "../shared/contract/command.ts";
import { ask, type Finding } from "./finding.ts";

const ANSWER_MS = 3000;

/** What observes an instance, where it was started with `--observe`: whether each answers where the services reach it. */
export async function checkObservers({ observe }: Pick<LocalState, "observe">): Promise<Finding[]> {
  if (observe === undefined) return [];
  const { collector, prometheus } = observe;
  const [takesSpans, answer] = await Promise.all([
    speaksHttp2(collector, ANSWER_MS),
    ask(`${prometheus}/-/ready`, ANSWER_MS),
  ]);
  const isReady = typeof answer === "object" && answer.status === 200;
  return [
    takesSpans
      ? { what: "otelcol", is: "good", says: `takes spans at ${collector}` }
      : notThere("otelcol", collector),
    isReady
      ? { what: "prometheus", is: "good", says: `ready, ${prometheus}` }
      : notThere("prometheus", prometheus),
  ];
}

function notThere(what: string, url: string): Finding {
  return { what, is: "bad", says: `does not answer at ${url}`, todo: `${GENESIS} logs ${what}` };
}

/** Whether somebody at an address begins as every gRPC server does; a request of its own would be counted as one that failed. */
async function speaksHttp2(url: string, withinMs: number): Promise<boolean> {
  const session = connect(url);
  // Beside the one below, which is gone by the time that a destroyed session may tell of more.
  session.on("error", () => {});
  try {
    await once(session, "remoteSettings", { signal: AbortSignal.timeout(withinMs) });
    return true;
  } catch {
    return false;
  } finally {
    session.destroy();
  }
}
