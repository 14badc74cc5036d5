import { colour, el, mark, pairs } from "./dom.js";

/** The head of the page: what was asked, how it went, where the time went, and the steps. */
export function head({ run, steps, spent, notices }, go) {
  return el(
    "header",
    {},
    el("button", { class: "state", click: () => go({}) }, mark(run.state), ` ${run.state}`),
    el("h1", { title: run.goal }, run.goal),
    run.error && el("p", { class: "bad" }, run.error),
    pairs(run.figures),
    el("p", { class: "dim" }, "On the path that decided when it ended, the time went into"),
    el("div", { class: "spent" }, spent.map(piece)),
    el(
      "p",
      { class: "key" },
      spent.map((share) => el("span", {}, piece(share), share.label)),
    ),
    el(
      "nav",
      { "aria-label": "Steps" },
      steps
        .filter(({ isPrimitive }) => isPrimitive)
        .map(({ id, state, summary }) =>
          el(
            "button",
            { "data-step": id, title: state, click: () => go({ step: id }) },
            mark(state),
            ` ${id} `,
            el("span", { class: "dim" }, summary),
          ),
        ),
    ),
    notices.map((notice) => el("p", { class: "warn" }, notice)),
  );
}

function piece({ is, service, ms, label }) {
  const part = el("i", { class: is === "work" ? colour(service) : is, title: label });
  part.style.flexGrow = ms;
  return part;
}
