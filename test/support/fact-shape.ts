import { bodyOf, hex32, type Stored } from "./stored-message.ts";

/** What the contract says about one fact, written from its page alone: no type, schema or function of the project is used. */

/** A message of the log, taken apart by its subject. */
export type Fact = Stored & {
  type: string;
  run: string;
  /** The tokens after the run. */
  rest: string[];
  body: Envelope;
  /** `body.data`, whose fields are checked below. */
  // oxlint-disable-next-line typescript/no-explicit-any
  data: any;
};

type Envelope = {
  id: string;
  run: string;
  rev?: number;
  step?: string;
  attempt?: number;
  causationId: string;
  correlationId: string;
  time: string;
  data: unknown;
};

const KINDS: Record<string, (value: unknown) => boolean> = {
  any: (v) => v !== undefined,
  text: (v) => typeof v === "string",
  words: (v) => typeof v === "string" && v.length > 0,
  token: (v) => typeof v === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(v),
  id: (v) => typeof v === "string" && /^[0-9a-f]{32}$/.test(v),
  hash: (v) => typeof v === "string" && /^[0-9a-f]{64}$/.test(v),
  time: (v) => typeof v === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(v),
  bool: (v) => typeof v === "boolean",
  count: (v) => Number.isSafeInteger(v) && Number(v) >= 0,
  ratio: (v) => typeof v === "number" && v >= 0 && v <= 1,
  number: (v) => typeof v === "number",
  object: (v) => typeof v === "object" && v !== null && !Array.isArray(v),
  list: Array.isArray,
  one: (v) => v === 1,
  lane: (v) => ["high", "normal", "low"].includes(String(v)),
  planner: (v) => ["methods", "llm", "fallback"].includes(String(v)),
  kind: (v) => ["primitive", "compound"].includes(String(v)),
  onFailure: (v) => ["fail", "skip", "continue"].includes(String(v)),
  method: (v) => ["rule", "capability", "fallback"].includes(String(v)),
  outcome: (v) => ["completed", "failed", "rejected", "cancelled", "expired"].includes(String(v)),
  signal: (v) => ["cancel", "pause", "resume", "approve", "reject", "event"].includes(String(v)),
  code: (v) => typeof v === "string" && /^E_[A-Z_]+$/.test(v),
};

/** The rows of the contract's tables: field, `?` where it may be absent, and what it holds; `[]`: a list of such objects. */
const SHAPES: Record<string, string> = {
  envelope:
    "id:id type:words version:one run:token rev?:count step?:token attempt?:count causationId:text correlationId:words time:time data:object",
  "task.submitted":
    "goal:words requestHash:hash taskType?:token input?:object context?:object priority:lane deadline:time budget?:object policy:@policy labels?:object",
  policy: "maxDepth:count maxSteps:count maxReplans:count minScore:ratio profile:words",
  "plan.decomposed": "planner:@planner steps:@step[] because?:words",
  planner: "kind:planner methods?:list model?:words",
  step: "id:token kind:kind parent?:token level:count taskType:token title:words dependsOn:list input?:object skills?:list timeoutMs:count maxAttempts:count onFailure:onFailure approval?:bool estimate?:object",
  "plan.routed": "rules:@rules registryHash:words assignments:@assignment[] unrouted:@unrouted[]",
  rules: "version:words hash:words",
  assignment: "step:token agent:token decision:@decision",
  unrouted: "step:token reason:words decision:@decision",
  decision:
    "method:method rule?:token matched:object candidates:@candidate[] others:object explanation:words",
  candidate: "agent:token score:number rejectedBecause?:words",
  "plan.validated": "planHash:hash profile:words score:ratio parts:object checks:@check[]",
  "plan.rejected": "planHash:hash profile:words score:ratio parts:object checks:@check[] final:bool",
  check: "check:words passed:bool score:ratio findings:@finding[]",
  finding: "code:words step?:token message:words suggestion?:words",
  "step.dispatched":
    "planHash:hash agent:token taskType:token title:words input:object results:object deadline:time timeoutMs:count effectKey:words",
  "step.completed": "agent:token attempt:count output:any usage?:@usage startedAt:time finishedAt:time",
  "step.failed": "agent:token error:@error usage?:@usage",
  "step.skipped": "reason:words because?:words",
  "plan.update": "baseRev:count add?:list remove?:list rewire?:any because:words actor:@actor",
  "plan.refused": "error:@error reason:words",
  "run.signal": "kind:signal step?:token actor:@actor reason?:text payload?:object",
  actor: "kind:words name:words",
  "run.finished": "outcome:outcome through:count result?:object error?:@error counts:@counts usage:@usage",
  counts: "completed:count failed:count skipped:count",
  usage: "inputTokens?:count outputTokens?:count costMicroUsd?:count",
  error: "code:code message:words retryable:bool details:@detail[]",
  detail: "path:text rule:words",
};

/** Which part of the envelope each token after the run must agree with; undefined: it is nowhere else. */
const TOKENS: Record<string, (string | undefined)[]> = {
  "task.submitted": [undefined],
  "plan.decomposed": ["rev"],
  "plan.routed": ["rev"],
  "plan.validated": ["rev"],
  "plan.rejected": ["rev"],
  "step.dispatched": ["step", "attempt", undefined, undefined],
  "step.completed": ["step"],
  "step.failed": ["step", "attempt"],
  "step.skipped": ["step"],
  "plan.update": [undefined],
  "plan.refused": [undefined],
  "run.signal": [undefined],
  "run.finished": [undefined],
};

const MAX_BYTES = 256 * 1024;
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** A message of the log as a fact. @throws SyntaxError where it is no JSON */
export function factOf(stored: Stored): Fact {
  const [, , entity, fact, run = "", ...rest] = stored.subject.split(".");
  const body = bodyOf<Envelope>(stored);
  return { ...stored, type: `${entity}.${fact}`, run, rest, body, data: body.data };
}

/** The trace that a fact says it belongs to. */
export function traceIdOf(fact: Pick<Fact, "headers">): string {
  return fact.headers["traceparent"]?.[0]?.split("-")[1] ?? "";
}

/** What is wrong with a fact by itself: subject, size, envelope, id, headers, data. Nothing, when it is as it must be. */
export function wrongInFact(fact: Fact): string[] {
  const tokens = TOKENS[fact.type];
  if (tokens === undefined) return [`${fact.subject}: is no subject of a fact`];
  const agrees = tokens.map((part, i) => part === undefined || String(partOf(fact, part)) === fact.rest[i]);
  const wrong = [
    ...(fact.bytes.length > MAX_BYTES ? ["is larger than 256 KiB"] : []),
    ...wrongIn("envelope", fact.body, ""),
    ...(agrees.every(Boolean) && fact.body.run === fact.run ? [] : ["envelope and subject differ"]),
    ...(fact.body.id === hex32(`${fact.subject}|${fact.body.causationId}`) ? [] : ["its id is not derived"]),
    ...wrongHeaders(fact),
    ...wrongIn(fact.type, fact.data, "data"),
  ];
  return wrong.map((what) => `${fact.subject}: ${what}`);
}

function partOf({ body }: Fact, part: string): unknown {
  return (body as unknown as Record<string, unknown>)[part];
}

function wrongHeaders({ headers, body }: Fact): string[] {
  const wanted = {
    "Nats-Msg-Id": body.id,
    "correlation-id": body.correlationId,
    "causation-id": body.causationId,
    "content-type": "application/json",
  };
  const differ = Object.entries(wanted).filter(([name, value]) => headers[name]?.join() !== value);
  const traceparents = headers["traceparent"] ?? [];
  const hasTrace = traceparents.length === 1 && TRACEPARENT.test(traceparents[0]!);
  return [
    ...differ.map(([name]) => `the header ${name} is not what the envelope says`),
    ...(hasTrace ? [] : ["has no good traceparent"]),
    ...("baggage" in headers ? ["carries baggage"] : []),
  ];
}

/** What is wrong with a value that a row describes, with the path to it. A field that no row names is wrong too. */
function wrongIn(row: string, value: unknown, path: string): string[] {
  const at = (name: string): string => (path ? `${path}.${name}` : name);
  if (!KINDS["object"]!(value)) return [`${path} is no object`];
  const fields = value as Record<string, unknown>;
  const said = SHAPES[row]!.split(" ").map((entry) => /^(\w+)(\??):(@?)(\w+)(\[\])?$/.exec(entry)!.slice(1));
  const strays = Object.keys(fields).filter((name) => !said.some(([known]) => known === name));
  const wrong = said.flatMap(([name = "", optional, nested, kind = "", list]) => {
    const held = fields[name];
    if (held === undefined) return optional ? [] : [`${at(name)} is missing`];
    if (!nested) return KINDS[kind]!(held) ? [] : [`${at(name)} is no ${kind}`];
    if (!list) return wrongIn(kind, held, at(name));
    return Array.isArray(held)
      ? held.flatMap((item, i) => wrongIn(kind, item, `${at(name)}[${i}]`))
      : [`${at(name)} is no list`];
  });
  return [...wrong, ...strays.map((name) => `${at(name)} is in no row of the contract`)];
}
