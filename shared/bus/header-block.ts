import type { Msg } from "@nats-io/nats-core";
import { NO_HEADERS, type HeaderValues } from "../contract/headers.ts";

/** The headers of a message as they stood on the wire. */
export type HeaderBlock = {
  /** What stands behind the colon, or behind the one blank that every client puts there. */
  values: HeaderValues;
  /** The status that the broker answers with, 0 where there is none. */
  status: number;
  /** False where a line is no `name: value`, or a name holds what no name may. Such a block is `E_HEADER`. */
  isWellFormed: boolean;
};

const NO_BLOCK: HeaderBlock = { values: NO_HEADERS, status: 0, isWellFormed: true };
const VERSION = "NATS/1.0";
/** Printable ASCII without a blank or colon (RFC 822, 3.1.2). */
const NAME = /^[!-9;-~]+$/;

/**
 * Reads the header block of a message, whatever it holds. The client library's own reader throws on a name that it
 * does not like, also while the library itself waits for a reply, and that ends its reading for good; so nothing here
 * uses it.
 */
export function headerBlockOf(message: Msg): HeaderBlock {
  // The library keeps block and payload in one buffer. These two names are the price of the exact block; the version
  // is pinned.
  const { _msg, _rdata } = message as unknown as { _msg: { hdr: number }; _rdata: Uint8Array };
  return _msg.hdr > 0 ? parseHeaderBlock(_rdata.subarray(0, _msg.hdr)) : NO_BLOCK;
}

/** Takes a header block apart; never throws. */
export function parseHeaderBlock(block: Uint8Array): HeaderBlock {
  const [first = "", ...lines] = Buffer.from(block.buffer, block.byteOffset, block.length)
    .toString("utf8")
    .split("\r\n");
  const values = new Map<string, string[]>();
  const areGood = lines.map((line) => line === "" || addLine(values, line));
  const isVersion = first.startsWith(VERSION);
  return {
    values,
    status: isVersion ? Number.parseInt(first.slice(VERSION.length), 10) || 0 : 0,
    isWellFormed: first === VERSION && areGood.every(Boolean),
  };
}

function addLine(values: Map<string, string[]>, line: string): boolean {
  const colon = line.indexOf(":");
  const name = colon === -1 ? line : line.slice(0, colon);
  const value = colon === -1 ? "" : line.slice(line.charAt(colon + 1) === " " ? colon + 2 : colon + 1);
  const known = values.get(name);
  if (known === undefined) values.set(name, [value]);
  else known.push(value);
  return colon !== -1 && NAME.test(name);
}
