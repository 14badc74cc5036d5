import { recordPoint } from "../telemetry/metrics.ts";
import { ATTRIBUTE, type SpanAttributes } from "../telemetry/names.ts";
import { describeCurrentSpan, span } from "../telemetry/operations.ts";
import { errorType } from "../telemetry/spans.ts";

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

const MS_PER_S = 1000;

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
  return span("chat", attributes, async () => {
    const startedMs = performance.now();
    let error_type = "";
    try {
      const answer = await ask();
      describeCurrentSpan(told(describe(answer)));
      return answer;
    } catch (error) {
      error_type = errorType(error);
      throw error;
    } finally {
      const value = (performance.now() - startedMs) / MS_PER_S;
      recordPoint({ metric: "modelSeconds", labels: { model, error_type }, value });
    }
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
