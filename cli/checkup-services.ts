import { SERVICES } from "../local/service.ts";
import type { LocalState } from "../local/state.ts";
import { GENESIS } from "../shared/contract/command.ts";
import { ask, type Finding } from "./finding.ts";

const ANSWER_MS = 3000;

/** The services of an instance, those of the house and what else it was started with: whether each is there and ready. */
export async function checkServices({ services }: Pick<LocalState, "services">): Promise<Finding[]> {
  const names = new Set([...SERVICES, ...services].map(({ name }) => name));
  return Promise.all(
    [...names].map(async (name): Promise<Finding> => {
      const running = services.find((service) => service.name === name);
      if (running !== undefined) return serviceFinding(running);
      return { what: name, is: "bad", says: "is not running", todo: `${GENESIS} logs ${name}` };
    }),
  );
}

async function serviceFinding({ name, pid, http }: LocalState["services"][number]): Promise<Finding> {
  const answer = await ask(`${http}/readyz`, ANSWER_MS);
  const about = `pid ${pid}, ${http}`;
  if (answer === "nobody there" || answer === "too late") {
    const how = answer === "too late" ? "did not answer in time" : "does not answer";
    const todo =
      answer === "nobody there"
        ? `${GENESIS} logs ${name}`
        : `stopped by somebody: kill -CONT ${pid}; one that hangs up ends after 30 s and starts again, or at once with kill -9 ${pid}`;
    return { what: name, is: "bad", says: `${how}, ${about}`, todo };
  }
  if (answer.status === 200) return { what: name, is: "good", says: `ready, ${about}` };
  return { what: name, is: "bad", says: `is not ready, ${about}`, todo: `${GENESIS} logs ${name}` };
}
