/**
 * An element with its attributes and children. Text becomes text nodes, never markup. An attribute that is a function is a
 * listener, one that is false or undefined is left out.
 */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((child) => child !== undefined && child !== false && child !== ""));
  return element;
}

/** A list of keys and values. */
export function pairs(list) {
  return el("dl", {}, list.map(([key, value]) => [el("dt", {}, key), el("dd", {}, value)]));
}

/** Text that folds up. */
export function fold(title, isOpen, ...children) {
  return el("details", { open: isOpen }, el("summary", {}, title), children);
}

/** A length of time, e.g. `0.4 ms`, `412 ms`, `2.41 s`, `3 min 5 s`. */
export function duration(ms) {
  if (ms < 10) return `${Number(Math.max(0, ms).toFixed(1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 1))} s`;
  const seconds = Math.round(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

/** The sign and the class of each state of a run or a step: nothing is told by colour alone. */
export function stateMark(state) {
  const [sign, tone] = STATES[state] ?? ["·", "dim"];
  return el("span", { class: `mark ${tone}`, "aria-hidden": "true" }, sign);
}

const STATES = {
  completed: ["✔", "good"],
  passed: ["✔", "good"],
  failed: ["✖", "bad"],
  rejected: ["✖", "bad"],
  expired: ["✖", "bad"],
  cancelled: ["×", "warn"],
  abandoned: ["×", "warn"],
  retrying: ["↻", "warn"],
  running: ["▶", "live"],
  ending: ["▶", "live"],
  planning: ["▶", "live"],
};

/** The class that gives a service its colour; beyond eight services they repeat. */
export function colour(service) {
  return `c${service % 8}`;
}
