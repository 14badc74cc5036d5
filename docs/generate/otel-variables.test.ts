import assert from "node:assert/strict";
import { test } from "node:test";
import { SETTINGS } from "../../shared/config.ts";
import { DEVIATIONS } from "./otel-variables.ts";

/** The defaults of the specification ("Environment Variable Specification", "OTLP Exporter"), for the variables that we read. */
const SPECIFIED: Readonly<Record<string, string | undefined>> = {
  OTEL_TRACES_EXPORTER: "otlp",
  OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4317",
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: undefined,
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: undefined,
  OTEL_EXPORTER_OTLP_TIMEOUT: "10000",
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: undefined,
  OTEL_TRACES_SAMPLER: "parentbased_always_on",
  OTEL_TRACES_SAMPLER_ARG: undefined,
  OTEL_BSP_MAX_QUEUE_SIZE: "2048",
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "512",
  OTEL_BSP_SCHEDULE_DELAY: "5000",
  OTEL_BSP_EXPORT_TIMEOUT: "30000",
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: undefined,
  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: undefined,
  OTEL_SDK_DISABLED: "false",
};

const READ = Object.values(SETTINGS).filter(({ variable }) => variable.startsWith("OTEL_"));

test("of every variable of OpenTelemetry that is read the specification's default is known", () => {
  assert.deepEqual(READ.map(({ variable }) => variable).toSorted(), Object.keys(SPECIFIED).toSorted());
});

test("a default that is not the specification's is a deviation, which says both", () => {
  const different = READ.filter((setting) => setting.default !== SPECIFIED[setting.variable]);
  assert.ok(different.length > 5);
  for (const setting of different) {
    const deviation = DEVIATIONS.find(({ variables }) => variables.includes(setting.variable));
    assert.ok(deviation, setting.variable);
    assert.ok(deviation.here.startsWith(said(setting.default, "not set")), setting.variable);
    assert.ok(
      deviation.specification.startsWith(said(SPECIFIED[setting.variable], "no limit")),
      setting.variable,
    );
  }
});

const said = (value: string | undefined, otherwise: string): string =>
  value === undefined ? otherwise : `\`${value}\``;

test("what is said not to be read is not, and every other deviation is about a variable that is", () => {
  // The SDK reads this one itself.
  const read = new Set<string>([...READ.map(({ variable }) => variable), "OTEL_SPAN_LINK_COUNT_LIMIT"]);
  for (const { variables, here } of DEVIATIONS)
    for (const variable of variables)
      assert.equal(read.has(variable), !here.startsWith("not read"), variable);
});
