import { moment, tickStep, ticks } from "./axis.js";
import { colour, el } from "./dom.js";

const WIDEST_PX = 2_000_000;
const TICK_PX = 90;
/** Room on the right for the text behind the last bar. */
const MARGIN_PX = 90;

/** The waterfall. Its rows are the options of a list box, for arrow keys and screen readers. */
export function chart({ rows, lengthMs, endMs }, go) {
  const elements = rows.map((row, i) => rowElement(row, lengthMs, () => go({ row: i })));
  const labels = el("div", { class: "ticks" });
  const lines = el("div", { class: "lines" });
  const links = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const list = el("div", { role: "listbox", "aria-label": "Trace" }, elements);
  const canvas = el(
    "div",
    { class: "canvas" },
    el("div", { class: "axis" }, el("div", { class: "name" }, "Message"), labels),
    lines,
    list,
    links,
  );
  const element = el("div", { class: "chart" }, canvas);
  // Whoever was told to stop may go on long after the run; at first the run is what matters.
  let pxPerMs = 0;
  let chosen;

  const fit = () => Math.max(200, element.clientWidth - labels.offsetLeft - MARGIN_PX);

  function drawTicks() {
    const fromMs = element.scrollLeft / pxPerMs;
    const step = tickStep(TICK_PX / pxPerMs);
    const at = (ms, text, kind) => placed(el("span", { class: kind }, text), ms / lengthMs);
    const moments = ticks(fromMs, Math.min(lengthMs, fromMs + element.clientWidth / pxPerMs), step);
    const draw = (place, text) =>
      place.replaceChildren(
        ...moments.map((ms) => at(ms, text && moment(ms, step), "tick")),
        at(endMs, text && "end", "end"),
      );
    draw(labels, true);
    draw(lines, "");
  }

  /** Shows the trace at a scale, from a moment on. */
  function show(scale, fromMs) {
    pxPerMs = Math.min(Math.max(scale, fit() / lengthMs), WIDEST_PX / lengthMs);
    canvas.style.setProperty("--track", `${lengthMs * pxPerMs}px`);
    element.scrollLeft = fromMs * pxPerMs;
    drawTicks();
    drawLinks();
  }

  function showPart(fromMs, toMs) {
    show(fit() / ((toMs - fromMs) * 1.1 || 1), fromMs - (toMs - fromMs) * 0.05);
  }

  /** Zooms, and leaves the moment at `px` of the track where it is. */
  function zoom(factor, px = fit() / 2) {
    const ms = (element.scrollLeft + px) / pxPerMs;
    const scale = Math.max(pxPerMs * factor, fit() / lengthMs);
    show(scale, ms - px / scale);
  }

  /** Zooms to a row. */
  function showRow(i) {
    const [fromMs, toMs] = extent(rows[i]);
    showPart(fromMs, toMs);
    reveal(i);
  }

  /** Brings a row into sight, and what is drawn in it. */
  function reveal(i) {
    elements[i].scrollIntoView({ block: "nearest", inline: "nearest" });
    const [from, to] = extent(rows[i]).map((ms) => ms * pxPerMs - element.scrollLeft);
    if (to < 0 || from > fit()) element.scrollLeft += from - fit() / 4;
  }

  function select(i, step) {
    chosen = i;
    const others = new Set(joined(i).flat());
    for (const [at, row] of elements.entries()) {
      row.setAttribute("aria-selected", at === i);
      row.tabIndex = at === (i ?? 0) ? 0 : -1;
      row.classList.toggle("same", others.has(at) || (step !== undefined && rows[at].step === step));
    }
    drawLinks();
  }

  /** Pairs of rows, the second of which links to the first, where one of them is meant. */
  function joined(i) {
    return rows.flatMap((row, to) =>
      row.links.filter((from) => from === i || to === i).map((from) => [from, to]),
    );
  }

  function drawLinks() {
    const origin = canvas.getBoundingClientRect();
    const place = (row, side) => {
      const bars = [...elements[row].lastChild.querySelectorAll("i")].map((bar) =>
        bar.getBoundingClientRect(),
      );
      return {
        x: Math[side === "left" ? "min" : "max"](...bars.map((bar) => bar[side])) - origin.left,
        y: bars[0].top + bars[0].height / 2 - origin.top,
      };
    };
    const arrows = joined(chosen)
      .filter((pair) => pair.every((row) => elements[row].offsetParent))
      .map(([from, to]) => [place(from, "right"), place(to, "left")]);
    const all = arrows.flat();
    const left = Math.min(...all.map(({ x }) => x)) - 70;
    const top = Math.min(...all.map(({ y }) => y)) - 10;
    const paths = arrows.map(([{ x, y }, to]) => {
      const path = document.createElementNS(links.namespaceURI, "path");
      const [dx, dy] = [to.x - x, to.y - y];
      path.setAttribute("d", `M${x - left} ${y - top}c40 0 ${dx - 40} ${dy} ${dx} ${dy}m-6 -4l6 4l-6 4`);
      return path;
    });
    links.replaceChildren(...paths);
    links.style.translate = `${left}px ${top}px`;
    for (const [side, axis, from] of [
      ["width", "x", left],
      ["height", "y", top],
    ])
      links.setAttribute(side, Math.max(0, ...all.map((point) => point[axis] - from + 70)));
  }

  element.addEventListener("scroll", drawTicks, { passive: true });
  element.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - element.offsetLeft - labels.offsetLeft);
  });
  new ResizeObserver(() =>
    pxPerMs === 0 ? showPart(0, endMs) : show(pxPerMs, element.scrollLeft / pxPerMs),
  ).observe(element);
  return { element, elements, select, reveal, zoom, showRow, showAll: () => showPart(0, lengthMs) };
}

function rowElement(row, lengthMs, click) {
  const { name, chip, links, warnings, remarks, who, label, bars, took } = row;
  const kinds = ["isCritical", "isFailed", "isMinor"].filter((kind) => row[kind]);
  return el(
    "div",
    { role: "option", class: ["row", ...kinds].join(" "), "aria-label": label, click },
    el(
      "div",
      { class: "name" },
      rails(row),
      el("span", { class: "what" }, name),
      chip && el("span", { class: "step" }, chip),
      links.length > 0 && el("span", { class: "live", title: "links" }, `⇠${links.length}`),
      warnings > 0 && el("span", { class: "warn", title: "warnings in its log lines" }, `≡${warnings}`),
      remarks.map(({ text, isError }) =>
        el("span", { class: isError ? "bad" : "warn" }, isError ? `✖ ${text}` : text),
      ),
      el("span", { class: "who" }, who),
    ),
    el(
      "div",
      { class: "track" },
      bars.map(({ is, service, at, ms }) => {
        const bar = placed(el("i", { class: `${is} ${colour(service)}` }), at / lengthMs);
        bar.style.width = `${(ms / lengthMs) * 100}%`;
        return bar;
      }),
      placed(el("span", {}, took), extent(row)[1] / lengthMs),
    ),
  );
}

function rails({ rail, depth, begins, goesOn, bullet }) {
  const left = Array.from({ length: rail }, (_, i) =>
    column(begins === "branch" && i === rail - 1 ? "rail tee" : "rail"),
  );
  if (depth === 0)
    return [...left, column(`bullet${begins ? " first" : ""}${goesOn ? "" : " last"}`, bullet)];
  const inside = column("in");
  inside.style.width = `${depth * 12}px`;
  return [...left, column(goesOn ? "rail" : "in"), inside];
}

/** When the first piece of a row begins, and when the last one ends. */
function extent({ bars }) {
  return [Math.min(...bars.map(({ at }) => at)), Math.max(...bars.map(({ at, ms }) => at + ms))];
}

function placed(element, share) {
  element.style.left = `${share * 100}%`;
  return element;
}

function column(kind, text) {
  return el("i", { class: kind }, text);
}
