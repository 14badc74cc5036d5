import { SETTINGS } from "../../shared/config.ts";
import { code, table } from "./markdown.ts";
import { DEVIATIONS } from "./otel-variables.ts";

/** `docs/settings.md`, out of the table of settings. */
export function settingsPage(): string {
  const rows = Object.values(SETTINGS).map((setting) => [
    code(setting.variable),
    setting.default === undefined ? "not set" : code(setting.default),
    setting.readBy,
    `${setting.means}${"secret" in setting ? " (a secret: it is never shown)" : ""}`,
  ]);
  return `# Settings

Every setting is an environment variable. A service reads them once, as it starts; a value that does not fit, or a \`GENESIS_…\`
variable that is not in this table, ends it with exit code 78 and one line that names the variable. An empty variable counts
as not set. What does not fit of a variable of OpenTelemetry is ignored, as its specification wants it, with a line \`setting_ignored\` in
the log: of a list the rest holds, else the default.

${table(["Variable", "Default", "Read by", "Meaning"], rows)}

Besides, the OpenTelemetry libraries read their own: \`OTEL_SERVICE_NAME\` and \`OTEL_RESOURCE_ATTRIBUTES\`, the other limits of spans (\`OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT\`, \`OTEL_SPAN_EVENT_COUNT_LIMIT\`,
\`OTEL_SPAN_LINK_COUNT_LIMIT\`), and for the way to an endpoint \`OTEL_EXPORTER_OTLP_HEADERS\`, \`OTEL_EXPORTER_OTLP_CERTIFICATE\`
and \`OTEL_EXPORTER_OTLP_COMPRESSION\`.

## Where it differs from OpenTelemetry

The variables of OpenTelemetry mean what its specification says, but for these:

${table(
  ["Variable", "Specification", "Genesis", "Why"],
  DEVIATIONS.map(({ variables, specification, here, why }) => [
    variables.map(code).join(", "),
    specification,
    here,
    why,
  ]),
)}

This page is made from \`shared/config.ts\` by \`docs/generate.ts\`.
`;
}
