import { SETTINGS } from "../../shared/config.ts";
import { code, table } from "./markdown.ts";

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
as not set. For the variables of OpenTelemetry its specification holds: a value that is none of theirs is ignored, with a line in the log.

${table(["Variable", "Default", "Read by", "Meaning"], rows)}

Besides, the OpenTelemetry libraries read their own: \`OTEL_SERVICE_NAME\` and \`OTEL_RESOURCE_ATTRIBUTES\`, \`OTEL_TRACES_SAMPLER\` and
\`OTEL_TRACES_SAMPLER_ARG\`, and for the way to an endpoint \`OTEL_EXPORTER_OTLP_HEADERS\`, \`OTEL_EXPORTER_OTLP_CERTIFICATE\` and
\`OTEL_EXPORTER_OTLP_COMPRESSION\`. One thing differs from the specification: where no endpoint is set, nothing is sent.

This page is made from \`shared/config.ts\` by \`docs/generate.ts\`.
`;
}
