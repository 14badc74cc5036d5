import { colour, duration, el, stateMark } from "./dom.js";

/** The head of the page: what was asked, how it went, what it took, and where the time went. */
export function head(data, choose) {
  const { run, steps } = data;
  return el(
    "header",
    {},
    el(
      "div",
      { class: "title" },
      el("button", { class: "badge", title: "All there is to say about the run", click: () => choose() }, stateMark(run.state), run.state),
      el("h1", { title: run.goal }, run.goal),
      el("code", {}, run.id.slice(0, 8)),
    ),
    run.error && el("p", { class: "bad" }, run.error),
    el("dl", { class: "figures" }, figures(data).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    spent(data),
    steps.length > 0 && stepList(steps, choose),
    data.notices.map((notice) => el("p", { class: "warn" }, notice)),
  );
}

function figures({ run, spans, rows, services }) {
  const used = services.filter((_, i) => rows.some((row) => [row.sent, row.work, row.part].some((span) => span?.service === i)));
  const [plan] = run.plans;
  const { completed, failed, skipped } = run.steps ?? {};
  const replans = run.plans.length - 1;
  return [
    ["took", duration(run.durationMs)],
    run.steps && ["steps", [`${completed} completed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`].filter(Boolean).join(", ")],
    plan?.score !== undefined && ["plan's score", `${plan.score.toFixed(2)} ${plan.verdict}${replans > 0 ? `, revision ${plan.rev}` : ""}`],
    ["tokens", run.tokens.toLocaleString("en")],
    ["cost", `$${(run.costMicroUsd / 1e6).toFixed(run.costMicroUsd > 0 ? 4 : 0)}`],
    ["spans", `${spans} of ${used.length} services`],
  ].filter(Boolean);
}

const WAITS = { send: "sending messages", wait: "waiting for a consumer", timer: "waiting for a timer" };

/** Where the time of the critical path went, as one bar and in words. */
function spent({ spent: segments, services }) {
  const total = segments.reduce((sum, { ms }) => sum + ms, 0);
  const shown = segments.filter(({ ms }) => ms / total >= 0.005);
  const look = ({ what, service }) => (what === "work" ? colour(services.indexOf(service)) : what);
  const words = ({ what, service, ms }) => `${what === "work" ? service : WAITS[what]} ${Math.round((ms / total) * 100)} %`;
  const bar = el("div", { class: "spent", "aria-hidden": "true" });
  for (const segment of shown) {
    const piece = el("i", { class: look(segment), title: `${words(segment)}, ${duration(segment.ms)}` });
    piece.style.flexGrow = segment.ms;
    bar.append(piece);
  }
  const key = shown.map((segment) => el("li", { title: duration(segment.ms) }, el("i", { class: look(segment) }), words(segment)));
  return el("div", {}, el("p", { class: "label" }, "On the path that decided when it ended, the time went into"), bar, el("ul", { class: "key" }, key));
}

function stepList(steps, choose) {
  const primitive = steps.filter(({ kind }) => kind === "primitive");
  return el(
    "nav",
    { "aria-label": "Steps of the plan" },
    primitive.map(({ id, title, state, agent, durationMs }) =>
      el(
        "button",
        { "data-step": id, title: `${title}: ${state}`, click: () => choose({ step: id }) },
        stateMark(state),
        el("b", {}, id),
        el("span", { class: "dim" }, [agent ?? "nobody", durationMs !== undefined && duration(durationMs)].filter(Boolean).join(" · ")),
      ),
    ),
  );
}
