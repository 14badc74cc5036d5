import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText } from "ai";
import { z } from "zod";
import { defineAgent, type Agent, type StepContext } from "../../shared/agent/define-agent.ts";
import { askModel } from "../../shared/agent/ask-model.ts";
import { RetryableError, TerminalError } from "../../shared/agent/errors.ts";
import { jsonObject } from "../../shared/contract/events.ts";
import type { AgentCard } from "../../shared/domain/agents.ts";
import { instructionsFor, promptFor } from "./prompt.ts";

/** An OpenAI-compatible endpoint and the model to ask there. */
export type ModelEndpoint = { url: string; name: string; key: string | undefined };

const MAX_OUTPUT_TOKENS = 4096;

const output = z.object({ text: z.string().min(1), model: z.string(), simulated: z.literal(false) });
type Answer = z.output<typeof output>;

/** An agent that has a model do the steps of a card. */
export function modelAgent(card: AgentCard, endpoint: ModelEndpoint): Agent {
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
        // Trying again is the run's affair: it counts the attempts and waits between them.
        maxRetries: 0,
        abortSignal: step.signal,
      }).catch((error: unknown) => {
        throw classified(error, step.signal);
      });
    const answer = await askModel(asked, generate, ({ response, finishReason, usage }) => ({
      model: response.modelId,
      finishReasons: [finishReason],
      inputTokens: usage.inputTokens,
      outputTokens: usage.outputTokens,
    }));
    const { inputTokens = 0, outputTokens = 0 } = answer.usage;
    step.usage.add({ inputTokens, outputTokens });
    return { text: answer.text, model: answer.response.modelId, simulated: false };
  };
  const task = { input: jsonObject, output, handler };
  return defineAgent({
    name: card.name,
    tasks: Object.fromEntries(card.taskTypes.map((type) => [type, task])),
  });
}

/** Busy, broken or unreachable endpoints may answer later; one that refuses the request will refuse it again. */
function classified(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return error;
  const status = APICallError.isInstance(error) ? error.statusCode : undefined;
  const isRefusal = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
  const rule = status === undefined ? "gave no answer" : `answered ${status}`;
  const details = [{ path: "model", rule }];
  return isRefusal
    ? new TerminalError("the model endpoint refused the request", { details, cause: error })
    : new RetryableError("the model endpoint did not answer", { details, cause: error });
}
