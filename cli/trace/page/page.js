import { chart } from "./chart.js";
import { block, el } from "./dom.js";
import { head } from "./head.js";

/** In a trace with more rows than this, the messages alone tell more at first. */
const MANY_ROWS = 150;

const data = JSON.parse(document.getElementById("data").textContent);
const { rows, steps, run } = data;
const waterfall = chart(data, go);
const panel = el("aside", { "aria-label": "Details", tabindex: "-1" });
const inside = toggle("Inside (i)", rows.length <= MANY_ROWS, (on) =>
  document.body.classList.toggle("no-minor", !on),
);
const critical = toggle("Critical only (c)", false, (on) =>
  document.body.classList.toggle("only-critical", on),
);
let chosen = {};

document.body.append(
  head(data, go),
  el(
    "main",
    {},
    el(
      "div",
      { class: "tools" },
      [
        ["sent", "sending"],
        ["wait", "waiting"],
        ["work", "handling"],
        ["part", "inside it"],
      ].map(([kind, text]) => el("span", { class: "legend" }, el("i", { class: `${kind} c4` }), text)),
      el("span", { class: "dim" }, "◆ critical path, ↑↓ rows"),
      inside.element,
      critical.element,
      button("−", "Zoom out (-)", () => waterfall.zoom(0.5)),
      button("+", "Zoom in (+)", () => waterfall.zoom(2)),
      button("Fit row", "Zoom to the chosen row (z)", fitRow),
      button("Fit all", "Show everything (0)", waterfall.showAll),
    ),
    waterfall.element,
  ),
  panel,
);
show(fromAddress());

function button(text, title, click) {
  return el("button", { title, click }, text);
}

function toggle(text, isOn, apply) {
  const box = el("input", { type: "checkbox", change: () => set(box.checked) });
  const set = (on) => {
    box.checked = on;
    apply(on);
    waterfall.select(chosen?.row, chosen?.step);
  };
  box.checked = isOn;
  apply(isOn);
  return { element: el("label", {}, box, text), flip: () => set(!box.checked), set };
}

/** Shows a row, a step, or with neither the run, and keeps the choice in the address. */
function go(choice) {
  show(choice);
  const { row, step } = chosen;
  history.replaceState(
    null,
    "",
    row !== undefined ? `#span=${rows[row].spans.at(-1)}` : step ? `#step=${step}` : "#",
  );
}

function show(choice) {
  const row = rows[choice.row];
  const step = steps.find(({ id }) => id === (choice.step ?? row?.step));
  chosen = { row: row && choice.row, step: step?.id };
  const blocks = row ? [...row.blocks, ...(step?.blocks ?? [])] : (step ?? run).blocks;
  panel.replaceChildren(...blocks.map((one) => block(one, go)));
  panel.scrollTop = 0;
  waterfall.select(chosen.row, chosen.step);
  for (const one of document.querySelectorAll("nav button"))
    one.setAttribute("aria-pressed", one.dataset.step === step?.id);
  if (row) reveal(choice.row);
}

/** Brings a row into sight, whatever hid it. */
function reveal(i) {
  if (!waterfall.elements[i].offsetParent) {
    critical.set(false);
    inside.set(true);
  }
  waterfall.reveal(i);
}

function fromAddress() {
  const { span, step } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const row = rows.findIndex(({ spans }) => spans.includes(span));
  return row < 0 ? { step } : { row };
}

function fitRow() {
  if (chosen.row !== undefined) waterfall.showRow(chosen.row);
}

/** Goes up or down among the rows that are to be seen. */
function move(by) {
  const seen = [...rows.keys()].filter((i) => waterfall.elements[i].offsetParent);
  const to = seen[Math.min(Math.max(0, seen.indexOf(chosen.row) + by), seen.length - 1)];
  if (to === undefined) return;
  go({ row: to });
  waterfall.elements[to].focus({ preventScroll: true });
}

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  PageDown: () => move(20),
  PageUp: () => move(-20),
  Home: () => move(-rows.length),
  End: () => move(rows.length),
  "+": () => waterfall.zoom(2),
  "-": () => waterfall.zoom(0.5),
  0: waterfall.showAll,
  z: fitRow,
  i: inside.flip,
  c: critical.flip,
  Enter: () => panel.focus(),
  Escape: () => go({}),
};

document.addEventListener("keydown", (event) => {
  const isElsewhere = event.key !== "Escape" && event.target.closest("aside, button, input");
  if (event.ctrlKey || event.metaKey || event.altKey || isElsewhere || !Object.hasOwn(KEYS, event.key))
    return;
  event.preventDefault();
  KEYS[event.key]();
});
window.addEventListener("hashchange", () => show(fromAddress()));
