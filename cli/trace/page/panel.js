import { colour, duration, el, fold, pairs, stateMark } from "./dom.js";

/** What the panel says of the run as a whole. */
export function runPanel({ run, logs }) {
  return [
    el("h2", {}, stateMark(run.state), "Run"),
    el("p", {}, run.goal),
    run.error && el("p", { class: "bad" }, run.error),
    pairs(run.facts),
    run.plans.map(({ rev, verdict, score, facts, findings }, i) =>
      fold(
        [stateMark(verdict), `Plan, revision ${rev}: ${verdict}${score === undefined ? "" : `, score ${score.toFixed(2)}`}`],
        i === 0,
        pairs(facts),
        findings.length > 0 && el("ul", {}, findings.map((finding) => el("li", {}, finding))),
      ),
    ),
    logs.length > 0 && fold(`Log lines outside of any span (${logs.length})`, false, logLines(logs)),
  ];
}

/** What the panel says of a step, and the messages that are about it. */
export function stepPanel(data, step, choose) {
  const rows = data.rows.map((row, i) => ({ ...row, i })).filter((row) => row.step === step.id && row.depth === 0);
  return [
    el("h2", {}, stateMark(step.state), step.id),
    stepBody(step, true),
    rows.length > 0 && fold(`Messages (${rows.length})`, true, jumps(rows.map(({ i, name, who, sent, work }) => ({ row: i, name: `${name} ${who}, +${duration((sent ?? work).at)}` })), choose)),
  ];
}

/** What the panel says of a row of the trace: its spans, its links, and the step that it belongs to. */
export function rowPanel(data, row, choose) {
  const step = data.steps.find(({ id }) => id === row.step);
  const spans = [row.sent, row.work, row.part].filter(Boolean);
  return [
    el("h2", {}, row.isCritical && el("span", { class: "mark", title: "on the critical path" }, "◆"), row.name),
    el("p", { class: "dim" }, [row.who, row.isCritical && "on the critical path", ...row.remarks.map(({ text }) => text)].filter(Boolean).join(" · ")),
    row.links.length > 0 && fold(`Linked to (${row.links.length})`, true, jumps(row.links, choose)),
    spans.map((span) => spanBody(span, data.services)),
    step && fold([`Step `, el("b", {}, step.id), `: ${step.state}`], true, stepBody(step, row.depth === 0)),
  ];
}

function jumps(targets, choose) {
  return el(
    "ul",
    { class: "jumps" },
    targets.map(({ row, name }) => el("li", {}, row === undefined ? `${name}, not recorded here` : el("button", { click: () => choose({ row }) }, name))),
  );
}

function spanBody({ id, name, service, at, took, waited, error, attributes, logs }, services) {
  const times = [
    ["began", `+${duration(at)}`],
    ["took", duration(took)],
    waited !== undefined && ["waited", `${duration(waited)} in its stream before`],
    error !== undefined && ["error", error],
  ].filter(Boolean);
  return el(
    "section",
    { "data-span": id },
    el("h3", {}, el("i", { class: `dot ${colour(service)}` }), name),
    pairs([["service", services[service]], ...times, ["span", id]]),
    logs.length > 0 && fold(`Log lines (${logs.length})`, true, logLines(logs)),
    attributes.length > 0 && fold(`Attributes (${attributes.length})`, false, pairs(attributes)),
  );
}

function logLines(logs) {
  return el(
    "ol",
    { class: "logs" },
    logs.map(({ at, level, service, message, fields }) =>
      el(
        "li",
        { class: level },
        el("span", { class: "dim" }, `${at < 0 ? "-" : "+"}${duration(Math.abs(at))} ${service} `),
        el("b", {}, level),
        ` ${message} `,
        el("span", { class: "dim" }, fields.map(([key, value]) => `${key}=${value}`).join(" ")),
      ),
    ),
  );
}

function stepBody({ title, facts, decision }, isOpen) {
  return [el("p", {}, title), pairs(facts), decision && fold("Decision", isOpen, decisionBody(decision))];
}

/** The decision record: the choice, why, what matched, who else came into question, and everyone else. */
function decisionBody({ choice, explanation, rules, matched, candidates, others }) {
  return [
    el("p", { class: "choice" }, choice),
    el("p", {}, explanation),
    matched.length > 0 && [el("h4", {}, "What matched"), pairs(matched)],
    el("h4", {}, "Candidates"),
    candidates.length === 0
      ? el("p", { class: "dim" }, "Nobody came into question.")
      : el(
          "table",
          {},
          candidates.map(({ agent, score, isChosen, because }) =>
            el(
              "tr",
              { class: isChosen && "chosen" },
              el("td", {}, isChosen ? "✔" : ""),
              el("td", {}, agent),
              el("td", {}, score.toFixed(2)),
              el("td", {}, isChosen ? "chosen" : because),
            ),
          ),
        ),
    others.length > 0 && el("h4", {}, "Everyone else"),
    others.map(({ reason, agents }) => [el("p", {}, `${reason} (${agents.length})`), el("p", { class: "dim" }, agents.join(", "))]),
    el("p", { class: "dim" }, `Rules: ${rules}`),
  ];
}
