import { SpanKind } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { growthOf } from "../../test/support/metrics.ts";
import { recordSpans, spansOf } from "../../test/support/spans.ts";
import { askModel, type ModelAnswer } from "./ask-model.ts";
import { RetryableError } from "./errors.ts";

before(recordSpans);

const ASKED = { provider: "openai", model: "m1", url: "https://user:secret@models.example/v1" };
const TOLD: ModelAnswer = { model: "m1-2026", finishReasons: ["stop"], inputTokens: 120, outputTokens: 34 };

test("a question to a model is a span of the GenAI conventions, without the question and the answer", async () => {
  let answer = "";
  const [span] = await spansOf(
    async () =>
      (answer = await askModel(
        ASKED,
        async () => "a canary",
        () => TOLD,
      )),
  );
  assert.equal(answer, "a canary");
  assert.equal(span!.name, "chat m1");
  assert.equal(span!.kind, SpanKind.CLIENT);
  assert.deepEqual(span!.attributes, {
    "genesis.layer": "EXECUTION",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "m1",
    "server.address": "models.example",
    "server.port": 443,
    "gen_ai.response.model": "m1-2026",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 34,
  });
});

const counted = (code: string) =>
  `gen_ai_client_operation_duration_seconds_count{model="m1",error_type="${code}"}`;

test("it is timed, and a failure is timed under its code and passed on", async () => {
  assert.equal(
    await growthOf(counted(""), () =>
      askModel(
        ASKED,
        async () => 1,
        () => TOLD,
      ),
    ),
    1,
  );
  const failure = new RetryableError("the endpoint is busy");
  const failing = (): Promise<unknown> =>
    assert.rejects(
      askModel(
        ASKED,
        () => Promise.reject(failure),
        () => TOLD,
      ),
      (error) => error === failure,
    );
  assert.equal(await growthOf(counted("E_AGENT"), failing), 1);
});
