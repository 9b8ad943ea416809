// parallel.js - runs as lines over parallel axes of flags and fields. A drag on an axis keeps the runs in its range.

import { choice } from "./choice.js";
import { h, fill } from "./dom.js";
import { axesOf, partOf, rangeOf } from "./numbers.js";
import { niceStep, ticks } from "./scale.js";
import { state } from "./state.js";
import { titleOf } from "./status.js";
import { svg } from "./svg.js";
import { spring } from "./widgets.js";

const HEIGHT = 420;
const [TOP, BOTTOM] = [48, 396];

export class ParallelPanel {
  constructor(go) {
    this.go = go;
    this.picture = h("div", { class: "picture" });
    this.tip = h("div", { class: "picture-tip", role: "status" });
    this.reset = h("button", { class: "quiet", hidden: true, onclick: () => this.brush({}) }, "All runs");
    this.element = h(
      "section",
      { class: "card", dataset: { component: "parallel" } },
      h(
        "header",
        { class: "card-head" },
        h("h3", {}, "Parallel coordinates"),
        h("span", { class: "dim" }, "drag along an axis to keep the runs in a range"),
        spring(),
        this.reset,
      ),
      this.picture,
      this.tip,
    );
  }

  brushes() {
    return Object.fromEntries(
      state
        .all("brush")
        .map((text) => text.match(/^(.*):([^:]+):([^:]+)$/))
        .filter(Boolean)
        .map(([, name, low, high]) => [name, [Number(low), Number(high)]]),
    );
  }

  brush(ranges) {
    state.set({ brush: Object.entries(ranges).map(([name, [low, high]]) => name + ":" + low.toFixed(3) + ":" + high.toFixed(3)) });
    this.show(this.rows, this.project);
  }

  show(rows, project) {
    Object.assign(this, { rows, project });
    const axes = axesOf(rows, project)
      .slice(0, 12)
      .map((axis) => ({ ...axis, range: rangeOf(axis, rows) }));
    const brushes = this.brushes();
    this.reset.hidden = Object.keys(brushes).length === 0;
    fill(
      this.picture,
      axes.length > 1 && rows.length
        ? this.draw(rows, axes, brushes)
        : h("div", { class: "empty" }, "These runs have too few numbers that differ."),
    );
  }

  draw(rows, axes, brushes) {
    const width = Math.max(700, axes.length * 130);
    const x = (i) => 70 + (i / (axes.length - 1)) * (width - 140);
    const y = (axis, row) => BOTTOM - partOf(axis.range, axis.at(row)) * (BOTTOM - TOP);
    const isIn = (row) =>
      axes.every((axis) => {
        const range = brushes[axis.name];
        const part = partOf(axis.range, axis.at(row));
        return !range || (part >= range[0] - 1e-9 && part <= range[1] + 1e-9);
      });
    const lines = rows.map((row) => this.line(row, axes, x, y, isIn(row)));
    return svg(
      "svg",
      {
        viewBox: "0 0 " + width + " " + HEIGHT,
        class: "parallel",
        role: "group",
        "aria-label": "Runs over " + axes.map((axis) => axis.title).join(", "),
      },
      lines.filter((line) => line.classList.contains("faded")),
      lines.filter((line) => !line.classList.contains("faded")),
      axes.map((axis, i) => this.axis(axis, x(i), brushes[axis.name])),
    );
  }

  line(row, axes, x, y, isIn) {
    let pen = "M";
    const d = axes
      .map((axis, i) => {
        const at = y(axis, row);
        const part = Number.isFinite(at) ? pen + x(i).toFixed(1) + " " + at.toFixed(1) : "";
        pen = Number.isFinite(at) ? "L" : "M";
        return part;
      })
      .join("");
    const text = titleOf(row) + ": " + axes.map((axis) => axis.title + " " + axis.text(row)).join(", ");
    const path = svg(
      "path",
      { d: d || "M0 0", class: "run-line" + (isIn ? "" : " faded"), tabindex: isIn ? "0" : "-1", role: "link", "aria-label": text },
      svg("title", {}, text),
    );
    path.style.stroke = choice.color(row.id);
    const tell = () => {
      this.tip.textContent = text;
    };
    path.addEventListener("pointerenter", tell);
    path.addEventListener("focus", tell);
    path.addEventListener("click", () => this.go("/runs/" + encodeURIComponent(row.id)));
    path.addEventListener("keydown", (event) => event.key === "Enter" && this.go("/runs/" + encodeURIComponent(row.id)));
    return path;
  }

  axis(axis, x, brush) {
    const at = (part) => BOTTOM - part * (BOTTOM - TOP);
    const values = labelsOf(axis);
    const labels = values.filter(
      (value, i) =>
        i === 0 || i === values.length - 1 || axis.isWords || (partOf(axis.range, value) > 0.07 && partOf(axis.range, value) < 0.93),
    );
    const hit = svg("rect", {
      x: x - 16,
      y: TOP - 6,
      width: 32,
      height: BOTTOM - TOP + 12,
      class: "axis-hit",
      tabindex: "0",
      role: "slider",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      "aria-valuenow": Math.round((brush ? brush[0] : 0) * 100),
      "aria-valuetext": brush ? "from " + Math.round(brush[0] * 100) + " to " + Math.round(brush[1] * 100) + " of 100" : "all",
      "aria-label": "Range of " + axis.title,
      "data-axis": axis.name,
    });
    this.listen(hit, axis);
    return svg(
      "g",
      {},
      svg("line", { x1: x, x2: x, y1: TOP, y2: BOTTOM, class: "axis" }),
      svg("text", { x, y: 20, class: "middle strong" }, short(axis.title, 18)),
      labels.map((value) => svg("text", { x: x + 8, y: at(partOf(axis.range, value)) + 4, class: "halo" }, short(axis.tick(value), 14))),
      brush ? svg("rect", { x: x - 7, y: at(brush[1]), width: 14, height: Math.max(2, at(brush[0]) - at(brush[1])), class: "brush" }) : [],
      hit,
    );
  }

  /** The keyboard's way: arrows move the lower end of the range, with Shift the upper one. */
  onKey(event, axis) {
    const by = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
    if (!by && event.key !== "Delete") {
      return;
    }
    event.preventDefault();
    const ranges = this.brushes();
    const [low, high] = ranges[axis.name] || [0, 1];
    const clamp = (value, from, to) => Math.min(to, Math.max(from, value));
    ranges[axis.name] = event.shiftKey ? [low, clamp(high + by, low + 0.1, 1)] : [clamp(low + by, 0, high - 0.1), high];
    if (event.key === "Delete") {
      delete ranges[axis.name];
    }
    this.brush(ranges);
    const again = [...this.picture.querySelectorAll(".axis-hit")].find((hit) => hit.dataset.axis === axis.name);
    if (again) {
      again.focus();
    }
  }

  listen(hit, axis) {
    let from = null;
    hit.addEventListener("keydown", (event) => this.onKey(event, axis));
    const part = (event) => {
      const box = hit.getBoundingClientRect();
      const inset = 6 / (BOTTOM - TOP + 12);
      return Math.min(1, Math.max(0, ((box.bottom - event.clientY) / box.height - inset) / (1 - 2 * inset)));
    };
    hit.addEventListener("pointerdown", (event) => {
      from = part(event);
      hit.setPointerCapture(event.pointerId);
    });
    hit.addEventListener("pointerup", (event) => {
      const to = part(event);
      const ranges = this.brushes();
      delete ranges[axis.name];
      if (from !== null && Math.abs(to - from) > 0.02) {
        ranges[axis.name] = [Math.min(from, to), Math.max(from, to)];
      }
      from = null;
      this.brush(ranges);
    });
  }
}

function short(text, length) {
  return text.length > length ? text.slice(0, length - 1) + "\u2026" : text;
}

/** The values that stand beside an axis: words, the only value, or both ends and round numbers between. */
function labelsOf({ isWords, words, range }) {
  if (isWords) {
    return words.map((_, i) => i).slice(0, 20);
  }
  if (range.only !== undefined) {
    return [range.only];
  }
  const { low, high, isLog } = range;
  return [low, ...(isLog ? [] : ticks(low, high, niceStep(high - low, 5))), high];
}
