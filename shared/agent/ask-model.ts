import { ATTRIBUTE, type SpanAttributes } from "../telemetry/names.ts";
import { describeCurrentSpan, timedOperation } from "../telemetry/operations.ts";

/** The model that is asked, and where. */
export type AskedModel = {
  /** Who serves it, as far as it is known; any OpenAI-compatible endpoint speaks like `openai`. */
  provider: string;
  model: string;
  /** Its endpoint; of it only host and port are told. */
  url: string;
};

/** What is told of an answer, beside the answer itself, which is not. */
export type ModelAnswer = {
  model?: string | undefined;
  finishReasons?: readonly string[] | undefined;
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
};

/**
 * Asks a model, as a span of the GenAI conventions and with its duration in a histogram. Neither the question nor the
 * answer is told. @param describe what of an answer may be told
 */
export async function askModel<T>(
  { provider, model, url }: AskedModel,
  ask: () => Promise<T>,
  describe: (answer: T) => ModelAnswer,
): Promise<T> {
  const { hostname, port, protocol } = new URL(url);
  const attributes: SpanAttributes = {
    [ATTRIBUTE.genAiOperation]: "chat",
    [ATTRIBUTE.genAiProvider]: provider,
    [ATTRIBUTE.genAiRequestModel]: model,
    [ATTRIBUTE.serverAddress]: hostname,
    [ATTRIBUTE.serverPort]: Number(port || (protocol === "https:" ? 443 : 80)),
  };
  return timedOperation("chat", attributes, async () => {
    const answer = await ask();
    describeCurrentSpan(told(describe(answer)));
    return answer;
  });
}

function told({ model, finishReasons, inputTokens, outputTokens }: ModelAnswer): SpanAttributes {
  return {
    ...(model !== undefined && { [ATTRIBUTE.genAiResponseModel]: model }),
    ...(finishReasons !== undefined && { [ATTRIBUTE.genAiFinishReasons]: finishReasons }),
    ...(inputTokens !== undefined && { [ATTRIBUTE.genAiInputTokens]: inputTokens }),
    ...(outputTokens !== undefined && { [ATTRIBUTE.genAiOutputTokens]: outputTokens }),
  };
}
