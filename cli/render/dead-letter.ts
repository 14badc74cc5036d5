import type { StoredLetter } from "../dead-letters.ts";
import type { Redriven } from "../redrive.ts";
import type { Paint } from "./paint.ts";
import { inColumns, tableLines } from "./table.ts";
import { oneLine, shorten } from "./text.ts";
import { GENESIS } from "../../shared/contract/command.ts";

const SHORT_ID = 8;
const REASON_WIDTH = 100;
const SUBJECT_WIDTH = 60;
const VALUE_WIDTH = 200;
/** As much of a payload is shown as fits a screen; `--json` has all of it. */
const PAYLOAD_BYTES = 2000;

/** Dead letters as a table, in the order given. */
export function letterTable(letters: readonly StoredLetter[], paint: Paint): string[] {
  const rows = letters.map(({ id, time, service, code, subject, reason }) => [
    id.slice(0, SHORT_ID),
    oneLine(time),
    oneLine(service),
    paint.red(oneLine(code)),
    shorten(subject, SUBJECT_WIDTH),
    shorten(withoutCode(reason, code), REASON_WIDTH),
  ]);
  return tableLines(["ID", "TIME", "SERVICE", "CODE", "SUBJECT", "REASON"], rows, paint);
}

/** One dead letter: where it came from, why it is here, and what it was. */
export function letterLines(letter: StoredLetter, paint: Paint): string[] {
  const { id, time, service, code, reason, subject, stream, sequence, correlationId, headers } = letter;
  const bytes = Buffer.from(letter.bytes, "base64");
  return [
    ...inColumns([
      [paint.dim("dead letter"), id],
      [paint.dim("time"), oneLine(time)],
      [paint.dim("service"), oneLine(service)],
      [
        paint.dim("reason"),
        `${paint.red(oneLine(code))} ${shorten(withoutCode(reason, code), VALUE_WIDTH * 2)}`,
      ],
      [paint.dim("message"), `${shorten(subject, VALUE_WIDTH)}, number ${sequence} of ${oneLine(stream)}`],
      ...(correlationId === undefined
        ? []
        : [[paint.dim("correlation"), shorten(correlationId, VALUE_WIDTH)]]),
      ...Object.entries(headers).map(([name, values]) => [
        paint.dim("header"),
        `${shorten(name, VALUE_WIDTH)}: ${shorten(values.join(", "), VALUE_WIDTH)}`,
      ]),
    ]),
    "",
    paint.dim(`payload, ${bytes.length} bytes`),
    shorten(bytes.toString("utf8", 0, PAYLOAD_BYTES * 4), PAYLOAD_BYTES),
    "",
    paint.dim(`${GENESIS} dlq redrive ${id.slice(0, SHORT_ID)} has it handled again`),
  ];
}

/** What became of a redrive. */
export function redrivenLine(redriven: Redriven, paint: Paint): string {
  const id = redriven.id.slice(0, SHORT_ID);
  if (!redriven.done) return `${paint.red("✖")} ${id} ${redriven.reason}`;
  if (redriven.how === "published again")
    return `${paint.green("✔")} ${id} published again, number ${redriven.sequence} of the inbox`;
  const again = `${id} given to ${oneLine(redriven.service)} again`;
  return redriven.stored > 0
    ? `${paint.green("✔")} ${again}, which stored what follows from it`
    : `${paint.yellow("✔")} ${again}, and nothing came of it: what follows from it stands already, or its run is over`;
}

/** A reason begins with its code, which stands in a column of its own. */
function withoutCode(reason: string, code: string): string {
  return reason.startsWith(`${code} `) ? reason.slice(code.length + 1) : reason;
}
