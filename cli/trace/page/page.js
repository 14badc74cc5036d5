import { chart } from "./chart.js";
import { el } from "./dom.js";
import { head } from "./head.js";
import { rowPanel, runPanel, stepPanel } from "./panel.js";

/** With more rows than this, a first look at the messages alone tells more. */
const MANY_ROWS = 150;

const data = JSON.parse(document.getElementById("data").textContent);
const panel = el("aside", { "aria-label": "Details", tabindex: "-1" });
const waterfall = chart(data, choose);
const minor = toggle("What happened inside", "i", data.rows.length <= MANY_ROWS, (on) => document.body.classList.toggle("no-minor", !on));
const critical = toggle("Critical path only", "c", false, (on) => document.body.classList.toggle("only-critical", on));
let chosen = {};

document.body.append(
  head(data, choose),
  el(
    "main",
    {},
    el(
      "div",
      { class: "tools" },
      legend(),
      minor.element,
      critical.element,
      el("span", { class: "zoom" }, button("−", "Zoom out (-)", () => waterfall.zoomBy(0.5)), button("+", "Zoom in (+)", () => waterfall.zoomBy(2)), button("Selected", "Zoom to the selected row (z)", zoomToChosen), button("All", "Show everything (0)", () => waterfall.show())),
    ),
    waterfall.element,
  ),
  panel,
);
show(fromHash());
waterfall.draw();

function legend() {
  const item = (kind, text) => el("span", {}, el("i", { class: `piece ${kind}` }), text);
  return el("p", { class: "legend" }, item("sent c4", "sending"), item("wait c4", "waiting in its stream"), item("work c4", "handling"), item("part c4", "inside the handling"), el("span", {}, "◆ critical path"), el("span", {}, "⇠ links"));
}

function button(text, title, click) {
  return el("button", { title, click }, text);
}

function toggle(text, key, isOn, apply) {
  const box = el("input", { type: "checkbox", change: () => set(box.checked) });
  const set = (on) => {
    box.checked = on;
    apply(on);
    waterfall.draw();
  };
  box.checked = isOn;
  apply(isOn);
  return { element: el("label", { title: `${text} (${key})` }, box, text), flip: () => set(!box.checked), set };
}

/** Chooses a row or a step, or with neither the run, and keeps the choice in the address. */
function choose(choice = {}) {
  show(choice);
  const { row, step } = chosen;
  const id = row === undefined ? undefined : (data.rows[row].work ?? data.rows[row].sent ?? data.rows[row].part).id;
  history.replaceState(null, "", id ? `#span=${id}` : step ? `#step=${step}` : "#");
}

function show(choice) {
  const row = data.rows[choice.row];
  const step = data.steps.find(({ id }) => id === (choice.step ?? row?.step));
  chosen = row ? { row: choice.row } : step ? { step: step.id } : {};
  const contents = row ? rowPanel(data, row, choose) : step ? stepPanel(data, step, choose) : runPanel(data);
  panel.replaceChildren(...contents.flat(3).filter(Boolean));
  panel.scrollTop = 0;
  waterfall.select(chosen.row, step?.id);
  for (const one of document.querySelectorAll("nav button")) one.setAttribute("aria-pressed", String(one.dataset.step === step?.id));
  if (row) reveal(choice.row);
}

/** Brings a row into sight, whatever hid it. */
function reveal(i) {
  const row = waterfall.rows[i];
  if (row.offsetParent === null && row.isConnected) {
    critical.set(false);
    minor.set(true);
  }
  row.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (waterfall.element.contains(document.activeElement)) row.focus({ preventScroll: true });
}

function fromHash() {
  const { span, step } = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const row = data.rows.findIndex((one) => [one.sent, one.work, one.part].some((candidate) => candidate && candidate.id === span));
  return row >= 0 ? { row } : { step };
}

function zoomToChosen() {
  if (chosen.row === undefined) return;
  const { sent, work, part } = data.rows[chosen.row];
  const spans = [sent, work, part].filter(Boolean);
  waterfall.show(Math.min(...spans.map(({ at }) => at)), Math.max(...spans.map(({ at, took }) => at + took)));
}

/** Goes up or down among the rows that are to be seen. */
function move(by) {
  const seen = data.rows.keys().filter((i) => waterfall.rows[i].offsetParent !== null).toArray();
  const at = seen.indexOf(chosen.row);
  const to = seen[Math.min(Math.max(0, at < 0 ? 0 : at + by), seen.length - 1)];
  if (to === undefined) return;
  choose({ row: to });
  waterfall.rows[to].focus({ preventScroll: true });
}

const KEYS = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  PageDown: () => move(20),
  PageUp: () => move(-20),
  Home: () => move(-Infinity),
  End: () => move(Infinity),
  "+": () => waterfall.zoomBy(2),
  "-": () => waterfall.zoomBy(0.5),
  0: () => waterfall.show(),
  z: zoomToChosen,
  i: minor.flip,
  c: critical.flip,
  Escape: () => choose(),
  Enter: () => panel.focus(),
};

document.addEventListener("keydown", (event) => {
  const isElsewhere = event.target.closest("aside, button, summary, input") && event.key !== "Escape";
  if (event.ctrlKey || event.metaKey || event.altKey || isElsewhere || !Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});
window.addEventListener("hashchange", () => show(fromHash()));
