// scatter.js - runs as points over two of their numbers.

import { choice } from "./choice.js";
import { h, fill } from "./dom.js";
import { axesOf, partOf, rangeOf } from "./numbers.js";
import { logTicks, niceStep, ticks } from "./scale.js";
import { state } from "./state.js";
import { titleOf } from "./status.js";
import { svg } from "./svg.js";
import { named, spring } from "./widgets.js";

const [WIDTH, HEIGHT] = [900, 460];
const BOX = { left: 96, right: 880, top: 18, bottom: 410 };

export class ScatterPanel {
  constructor(go) {
    this.go = go;
    this.x = h("select", { "aria-label": "Horizontal", onchange: () => this.choose("sx", this.x.value) });
    this.y = h("select", { "aria-label": "Vertical", onchange: () => this.choose("sy", this.y.value) });
    this.picture = h("div", { class: "picture" });
    this.tip = h("div", { class: "picture-tip", role: "status" });
    this.element = h(
      "section",
      { class: "card", dataset: { component: "scatter" } },
      h("header", { class: "card-head" }, h("h3", {}, "Scatter"), spring(), named("X", this.x), named("Y", this.y)),
      this.picture,
      this.tip,
    );
  }

  choose(name, value) {
    state.set({ [name]: value });
    this.show(this.rows, this.project);
  }

  show(rows, project) {
    Object.assign(this, { rows, project });
    const axes = axesOf(rows, project);
    const flags = axes.filter((axis) => axis.kind === "flags");
    const flag = flags.find((axis) => !axis.isWords) || flags[0];
    const field = axes.find((axis) => axis.kind === "field");
    const pick = (name, usual) => axes.find((axis) => axis.name === state.get(name)) || usual || axes[0];
    const x = pick("sx", flag || axes.find((axis) => axis.name === "duration"));
    const y = pick("sy", field);
    for (const [select, axis] of [
      [this.x, x],
      [this.y, y],
    ]) {
      fill(
        select,
        axes.map((each) => h("option", { value: each.name, selected: each === axis }, each.title)),
      );
    }
    fill(
      this.picture,
      x && y && rows.length ? this.draw(rows, x, y) : h("div", { class: "empty" }, "These runs have no numbers in common."),
    );
  }

  draw(rows, x, y) {
    const rx = rangeOf(x, rows);
    const ry = rangeOf(y, rows);
    const px = (value) => BOX.left + 24 + partOf(rx, value) * (BOX.right - BOX.left - 48);
    const py = (value) => BOX.bottom - 20 - partOf(ry, value) * (BOX.bottom - BOX.top - 40);
    const dots = rows
      .filter((row) => Number.isFinite(x.at(row)) && Number.isFinite(y.at(row)))
      .map((row) => this.dot(row, x, y, px(x.at(row)), py(y.at(row))));
    return svg(
      "svg",
      { viewBox: "0 0 " + WIDTH + " " + HEIGHT, class: "scatter", role: "group", "aria-label": y.title + " over " + x.title },
      axisTicks(x, rx, 8).map((value) => [
        svg("line", { class: "grid", x1: px(value), x2: px(value), y1: BOX.top, y2: BOX.bottom }),
        svg("text", { x: px(value), y: BOX.bottom + 18, class: "middle" }, x.tick(value)),
      ]),
      axisTicks(y, ry, 7).map((value) => [
        svg("line", { class: "grid", x1: BOX.left, x2: BOX.right, y1: py(value), y2: py(value) }),
        svg("text", { x: BOX.left - 8, y: py(value) + 4, class: "end" }, y.tick(value)),
      ]),
      svg("text", { x: (BOX.left + BOX.right) / 2, y: HEIGHT - 8, class: "middle strong" }, x.title),
      svg(
        "text",
        { x: 0, y: 0, transform: "translate(16 " + (BOX.top + BOX.bottom) / 2 + ") rotate(-90)", class: "middle strong" },
        y.title,
      ),
      dots,
    );
  }

  dot(row, x, y, cx, cy) {
    const text = titleOf(row) + ": " + x.title + " " + x.text(row) + ", " + y.title + " " + y.text(row);
    const mark = svg(
      "circle",
      { cx, cy, r: choice.baseline() === row.id ? 8 : 6, class: "point", tabindex: "0", role: "link", "aria-label": text },
      svg("title", {}, text),
    );
    mark.style.fill = choice.color(row.id);
    const tell = () => {
      this.tip.textContent = text;
    };
    mark.addEventListener("pointerenter", tell);
    mark.addEventListener("focus", tell);
    mark.addEventListener("click", () => this.go("/runs/" + encodeURIComponent(row.id)));
    mark.addEventListener("keydown", (event) => event.key === "Enter" && this.go("/runs/" + encodeURIComponent(row.id)));
    return mark;
  }
}

function axisTicks(axis, range, count) {
  if (axis.isWords) {
    return axis.words.map((_, i) => i).slice(0, 30);
  }
  return range.isLog ? logTicks(range.low, range.high, count) : ticks(range.low, range.high, niceStep(range.high - range.low, count));
}
