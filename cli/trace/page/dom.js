/** An element with attributes and children. Text becomes text nodes, never markup; an attribute that is a function is a listener. */
export function el(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(2).filter(Boolean));
  return element;
}

const MARKS = {
  good: ["✔", "completed", "passed"],
  bad: ["✖", "failed", "rejected", "expired"],
  warn: ["×", "cancelled", "abandoned", "retrying"],
  live: ["▶", "running", "ending", "planning"],
};

/** The sign of a state: nothing is told by colour alone. */
export function mark(state) {
  const [tone, [sign]] = Object.entries(MARKS).find(([, states]) => states.includes(state)) ?? ["dim", ["·"]];
  return el("span", { class: tone }, sign);
}

/** The class that gives a service its colour; beyond eight they repeat. */
export function colour(service) {
  return `c${service % 8}`;
}

/** Keys and values. */
export function pairs(list = []) {
  const items = list.map(([key, value]) => el("div", {}, el("dt", {}, key), el("dd", {}, value)));
  return items.length > 0 && el("dl", {}, items);
}

/** A block of the panel. @param go what to do when a row of the trace is asked for */
export function block(
  { title, isFolded, service, texts = [], facts, table = [], jumps = [], logs = [], blocks = [] },
  go,
) {
  const name = [service !== undefined && el("i", { class: `dot ${colour(service)}` }), title];
  const body = [
    texts.map((text) => el("p", {}, text)),
    pairs(facts),
    table.length > 0 &&
      el(
        "table",
        {},
        table.map((cells) =>
          el(
            "tr",
            { class: cells[0] && "good" },
            cells.map((cell) => el("td", {}, cell)),
          ),
        ),
      ),
    jumps.map(({ row, name: place }) =>
      row === undefined
        ? el("p", {}, place)
        : el("button", { class: "jump", click: () => go({ row }) }, place),
    ),
    logs.map(({ when, level, message, rest }) =>
      el(
        "p",
        { class: `log ${level}` },
        el("span", { class: "dim" }, when),
        ` ${level} ${message} `,
        el("span", { class: "dim" }, rest),
      ),
    ),
    blocks.map((inner) => block(inner, go)),
  ];
  if (isFolded === undefined) return el("section", {}, el("h3", {}, name), body);
  return el("details", isFolded ? {} : { open: "" }, el("summary", {}, name), body);
}
