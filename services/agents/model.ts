import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText } from "ai";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { defineAgent, type Agent, type StepContext } from "../../shared/agent/define-agent.ts";
import { askModel } from "../../shared/agent/ask-model.ts";
import { RetryableError, TerminalError } from "../../shared/agent/errors.ts";
import { SETTINGS } from "../../shared/config.ts";
import { jsonObject } from "../../shared/contract/events.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import { instructionsFor, promptFor } from "./prompt.ts";

/** An OpenAI-compatible endpoint and the model to ask there. */
export type ModelEndpoint = { url: string; name: string; key: string | undefined };

const MAX_OUTPUT_TOKENS = 4096;

/**
 * How long to wait before asking again, in milliseconds. A model that is being restarted or is busy is back after more
 * than the few seconds in which a run would have used up its attempts.
 */
const PAUSES_MS: readonly number[] = [1000, 2000, 4000, 8000, 16_000];
/** And up to so much longer, so that steps which were refused together do not come back together. */
const JITTER = 0.25;

/** `kind` says what it is: a text about the step, and nothing that was done in the world. */
const output = z.object({
  kind: z.literal("text"),
  text: z.string().min(1),
  model: z.string(),
  simulated: z.literal(false),
});
type Answer = z.output<typeof output>;

/** An agent that has a model write what the steps of a card come to. @param pausesMs between the times that it is asked */
export function modelAgent(card: AgentCard, endpoint: ModelEndpoint, pausesMs = PAUSES_MS): Agent {
  const provider = createOpenAICompatible({
    name: "model",
    baseURL: endpoint.url,
    ...(endpoint.key !== undefined && { apiKey: endpoint.key }),
  });
  const model = provider.chatModel(endpoint.name);
  // Whoever is behind the endpoint, it speaks the protocol of this one.
  const asked = { provider: "openai", model: endpoint.name, url: endpoint.url };
  const handler = async (input: Record<string, unknown>, step: StepContext): Promise<Answer> => {
    const prompt = promptFor(step, await step.goal(), input);
    step.progress(`asking ${endpoint.name}`);
    const generate = () =>
      generateText({
        model,
        instructions: instructionsFor(card),
        prompt,
        maxOutputTokens: MAX_OUTPUT_TOKENS,
        // Every time that it is asked is a span of its own, so the library asks once.
        maxRetries: 0,
        abortSignal: step.signal,
      }).catch((error: unknown) => {
        throw classified(error, step.signal);
      });
    const ask = () =>
      askModel(asked, generate, ({ response, finishReason, usage }) => ({
        model: response.modelId,
        finishReasons: [finishReason],
        inputTokens: usage.inputTokens,
        outputTokens: usage.outputTokens,
      }));
    const answer = await untilAnswered(ask, step, pausesMs);
    const { inputTokens = 0, outputTokens = 0 } = answer.usage;
    step.usage.add({ inputTokens, outputTokens });
    return { kind: "text", text: answer.text, model: answer.response.modelId, simulated: false };
  };
  const task = { input: jsonObject, output, handler };
  return defineAgent({
    name: card.name,
    tasks: Object.fromEntries(card.taskTypes.map((type) => [type, task])),
  });
}

/**
 * Asks again after each pause while the trouble may pass and half of the attempt's time is left, so that the reason is
 * told and not only that the time is over.
 */
async function untilAnswered<T>(
  ask: () => Promise<T>,
  step: StepContext,
  pausesMs: readonly number[],
): Promise<T> {
  const lastMs = performance.now() + step.timeoutMs / 2;
  for (const pauseMs of pausesMs) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof RetryableError) || performance.now() + pauseMs > lastMs) throw error;
      step.progress("the model does not answer; asking again soon");
      await delay(pauseMs * (1 + JITTER * Math.random()), undefined, { signal: step.signal });
    }
  }
  return ask();
}

/** Busy, broken or unreachable endpoints may answer later; one that refuses the request will refuse it again. */
function classified(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return error;
  const status = APICallError.isInstance(error) ? error.statusCode : undefined;
  const isRefusal = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
  const isKey = status === 401 || status === 403;
  const hint = isKey ? `; is ${SETTINGS.modelKey.variable} set, and right?` : "";
  const rule = status === undefined ? "gave no answer" : `answered ${status}${hint}`;
  const details = [{ path: "model", rule }];
  return isRefusal
    ? new TerminalError("the model endpoint refused the request", { details, cause: error })
    : new RetryableError("the model endpoint did not answer", { details, cause: error });
}
