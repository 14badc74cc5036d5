import { tickStep, ticks } from "./axis.js";
import { colour, duration, el } from "./dom.js";

const WIDEST_PX = 2_000_000;
const TICK_PX = 100;

/**
 * The waterfall: a row for every message, and for what happened inside its handling, each with its place in time. Rows are the
 * options of a list box, so that arrow keys, screen readers and clicks all choose one.
 */
export function chart(data, choose) {
  const rows = data.rows.map((row, i) => rowElement(row, data, () => choose({ row: i })));
  const lines = el("div", { class: "lines" });
  const labels = el("div", { class: "ticks" });
  const links = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const list = el("div", { class: "rows", role: "listbox", "aria-label": "Trace" }, rows);
  const canvas = el("div", { class: "canvas" }, el("div", { class: "axis" }, el("div", { class: "corner" }, "Message"), labels), lines, list, links);
  const element = el("div", { class: "chart" }, canvas);
  // Whoever was aborted may go on long after the run; what matters at first is the run.
  let zoom = data.lengthMs / Math.max(data.endMs, 1e-3);
  let chosen;

  const namesPx = () => labels.offsetLeft;
  const fitPx = () => Math.max(200, element.clientWidth - namesPx() - 90);
  const trackPx = () => Math.min(WIDEST_PX, fitPx() * zoom);

  function drawTicks() {
    const msPerPx = data.lengthMs / trackPx();
    const from = element.scrollLeft * msPerPx;
    const step = tickStep(msPerPx, TICK_PX);
    const moments = ticks(from, Math.min(data.lengthMs, from + element.clientWidth * msPerPx), step);
    const at = (kind, ms, text) => placed(el("span", { class: kind }, text), ms / data.lengthMs);
    const end = data.run.steps === undefined ? [] : [data.endMs];
    labels.replaceChildren(...moments.map((ms) => at("tick", ms, ms === 0 ? "0" : duration(ms))), ...end.map((ms) => at("end", ms, "end of the run")));
    lines.replaceChildren(...moments.map((ms) => at("tick", ms, "")), ...end.map((ms) => at("end", ms, "")));
  }

  function draw() {
    canvas.style.setProperty("--track", `${trackPx()}px`);
    drawTicks();
    drawLinks(links, canvas, chosen === undefined ? [] : joined(data.rows, chosen).map(([from, to]) => [rows[from], rows[to]]));
  }

  /** Zooms and leaves the moment at `px` from the left edge where it is. */
  function zoomBy(factor, px = namesPx() + fitPx() / 2) {
    const inside = px - namesPx();
    const share = (element.scrollLeft + inside) / trackPx();
    zoom = Math.min(Math.max(1, zoom * factor), WIDEST_PX / fitPx());
    draw();
    element.scrollLeft = share * trackPx() - inside;
    drawTicks();
  }

  /** Shows from one moment to another, with a little room around; everything where none are given. */
  function show(fromMs = 0, toMs = data.lengthMs) {
    const room = (toMs - fromMs) * 0.05;
    zoom = Math.min(Math.max(1, data.lengthMs / Math.max(toMs - fromMs + 2 * room, 1e-3)), WIDEST_PX / fitPx());
    draw();
    element.scrollLeft = ((fromMs - room) / data.lengthMs) * trackPx();
    drawTicks();
  }

  function select(i, step) {
    chosen = i;
    const related = new Set(i === undefined ? [] : joined(data.rows, i).flat());
    for (const [at, row] of rows.entries()) {
      row.setAttribute("aria-selected", String(at === i));
      row.tabIndex = at === (i ?? 0) ? 0 : -1;
      row.classList.toggle("same", at !== i && (related.has(at) || (step !== undefined && data.rows[at].step === step)));
    }
    draw();
  }

  element.addEventListener("scroll", drawTicks, { passive: true });
  element.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - element.getBoundingClientRect().left);
    },
    { passive: false },
  );
  new ResizeObserver(draw).observe(element);

  return { element, rows, select, zoomBy, show, draw };
}

/** Pairs of rows of which the second links to the first, and one of which is meant. */
function joined(rows, i) {
  const into = rows[i].links.flatMap(({ row }) => (row === undefined ? [] : [[row, i]]));
  return [...into, ...rows.flatMap(({ links }, to) => (links.some(({ row }) => row === i) ? [[i, to]] : []))];
}

function rowElement(row, data, click) {
  const spans = [row.sent, row.work, row.part].filter(Boolean);
  const isFailed = spans.some(({ error }) => error !== undefined);
  const isMinor = !row.isCritical && !isFailed && row.links.length === 0 && (row.part !== undefined || (row.work === undefined && !row.goesOn));
  return el(
    "div",
    {
      class: `row${isFailed ? " failed" : ""}${row.isCritical ? " critical" : ""}${isMinor ? " minor" : ""}`,
      role: "option",
      "aria-label": spoken(row),
      click,
    },
    el(
      "div",
      { class: "name" },
      rails(row),
      el("span", { class: "what" }, row.name),
      row.step && row.depth === 0 && el("span", { class: "step" }, row.step),
      row.links.length > 0 && el("span", { class: "linked", title: "links to other spans" }, `⇠${row.links.length}`),
      row.remarks.map(({ text, isError }) => el("span", { class: isError ? "bad" : "warn" }, isError ? `✖ ${text}` : text)),
      el("span", { class: "who" }, row.who),
    ),
    el("div", { class: "track" }, pieces(row, data.lengthMs)),
  );
}

function rails({ rail, depth, isBranch, goesOn, isCritical, work }) {
  const columns = Array.from({ length: rail }, (_, i) => el("i", { class: isBranch && i === rail - 1 ? "rail tee" : "rail" }));
  if (depth > 0) return [...columns, el("i", { class: goesOn ? "rail" : "rail none" }), el("i", { class: `in d${Math.min(depth, 6)}` })];
  const bullet = isCritical ? "◆" : work !== undefined || goesOn ? "●" : "○";
  return [...columns, el("i", { class: `bullet${isBranch ? " first" : ""}${goesOn ? "" : " last"}` }, bullet)];
}

/** The pieces of a row in time: the sending, a timer's delay, the wait in the stream, the handling. */
function pieces({ sent, work, part }, lengthMs) {
  const piece = (kind, fromMs, toMs) => {
    const bar = placed(el("i", { class: kind }), fromMs / lengthMs);
    bar.style.width = `${(Math.max(0, toMs - fromMs) / lengthMs) * 100}%`;
    return bar;
  };
  const bars = [];
  const storedMs = work && work.at - (work.waited ?? 0);
  if (sent && work && storedMs > sent.at + sent.took) bars.push(piece("delay", sent.at + sent.took, storedMs));
  if (work?.waited > 0) bars.push(piece(`wait ${colour(work.service)}`, storedMs, work.at));
  if (sent) bars.push(piece(`sent ${colour(sent.service)}`, sent.at, sent.at + sent.took));
  const main = work ?? part;
  if (main) bars.push(piece(`${part ? "part" : "work"} ${colour(main.service)}`, main.at, main.at + main.took));
  const last = main ?? sent;
  const endMs = Math.max(last.at + last.took, sent ? sent.at + sent.took : 0);
  return [...bars, placed(el("span", { class: "took" }, duration(last.took)), endMs / lengthMs)];
}

function placed(element, share) {
  element.style.left = `${share * 100}%`;
  return element;
}

function spoken({ name, who, step, sent, work, part, isCritical, remarks }) {
  const first = sent ?? work ?? part;
  return [
    name,
    who.replace("→", "to"),
    step && `step ${step}`,
    `at ${duration(first.at)}`,
    sent && `sending ${duration(sent.took)}`,
    work?.waited !== undefined && `waited ${duration(work.waited)}`,
    (work ?? part) && `took ${duration((work ?? part).took)}`,
    isCritical && "on the critical path",
    ...remarks.map(({ text }) => text),
  ]
    .filter(Boolean)
    .join(", ");
}

/** Draws an arrow from the end of each linked row to the begin of the row that links to it. */
function drawLinks(svg, canvas, elements) {
  const origin = canvas.getBoundingClientRect();
  const place = (row, isEnd) => {
    const bars = [...row.querySelectorAll(".track i")].map((bar) => bar.getBoundingClientRect());
    const x = isEnd ? Math.max(...bars.map(({ right }) => right)) : Math.min(...bars.map(({ left }) => left));
    return { x: x - origin.left, y: bars[0].top + bars[0].height / 2 - origin.top };
  };
  const arrows = elements
    .filter((pair) => pair.every((row) => row.offsetParent !== null))
    .map(([from, to]) => [place(from, true), place(to, false)]);
  const all = arrows.flat();
  const [left, top] = [Math.min(...all.map(({ x }) => x)) - 20, Math.min(...all.map(({ y }) => y)) - 10];
  const paths = arrows.map(([a, b]) => {
    const path = document.createElementNS(svg.namespaceURI, "path");
    const bend = Math.min(60, Math.max(16, Math.abs(b.x - a.x) / 2));
    path.setAttribute("d", `M${a.x - left} ${a.y - top} c${bend} 0 ${b.x - a.x - bend} ${b.y - a.y} ${b.x - a.x} ${b.y - a.y} m-6 -4 l6 4 l-6 4`);
    return path;
  });
  svg.replaceChildren(...paths);
  if (all.length === 0) return;
  svg.style.translate = `${left}px ${top}px`;
  svg.setAttribute("width", Math.max(...all.map(({ x }) => x)) - left + 20);
  svg.setAttribute("height", Math.max(...all.map(({ y }) => y)) - top + 10);
}
