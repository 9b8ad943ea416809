// chart_legend.js - the words of a chart: its legend, its notes, why it is empty, what a screen reader says.

import { formatValue } from "./chart_tip.js";
import { h } from "./dom.js";
import { formatGeneral } from "./format.js";

const SPOKEN = 10;

export function describeChart({ lines, spec }) {
  const texts = lines
    .slice(0, SPOKEN)
    .map((line) => line.name + ": " + formatGeneral(line.count) + " points, last " + formatValue(line.last, spec.format));
  return spec.title + " chart. " + (texts.join("; ") || "No data") + ".";
}

/** A line's button: a click hides and shows it. */
export function legendItem(chart, line) {
  const off = chart.group.isHidden(chart, line.id);
  const swatch = h("span", { class: "swatch" });
  swatch.style.background = line.color;
  const special = [line.nan ? line.nan + " NaN" : "", line.inf ? line.inf + " inf" : ""].filter(Boolean).join(", ");
  const title = line.key + " (" + formatGeneral(line.count) + " points" + (line.reduced ? ", reduced to " + line.raw.length : "") + ")";
  return h(
    "button",
    {
      class: "legend-item" + (off ? " off" : ""),
      title,
      "aria-pressed": String(!off),
      dataset: { key: line.key, line: line.id },
      onclick: () => chart.group.toggle(chart, line.id),
    },
    swatch,
    h("span", { class: "legend-name" }, line.name),
    h("span", { class: "legend-value" }, formatValue(line.last, chart.spec.format)),
    special ? h("span", { class: "bad" }, special) : null,
  );
}

/** What is not drawn although it is there. */
export function noteText(chart) {
  const { view } = chart;
  const clipped = view ? view.clipped : 0;
  const lost =
    view && chart.group.options.y === "log"
      ? chart.visible().reduce((sum, line) => sum + line.raw.filter((value) => value <= 0).length, 0)
      : 0;
  return [
    clipped ? formatGeneral(clipped) + (clipped === 1 ? " outlier is" : " outliers are") + " beyond the edges" : "",
    lost ? formatGeneral(lost) + " not above zero, not drawn on a log axis" : "",
  ]
    .filter(Boolean)
    .join("; ");
}

/** Why there is no line; nothing when there is one. */
export function emptyText(chart) {
  if (chart.problem) {
    return chart.problem;
  }
  if (chart.lines.length === 0) {
    return "no data for " + chart.spec.source.replace(/^series\//, "");
  }
  if (chart.visible().length === 0) {
    return "all lines are hidden";
  }
  return !chart.view ? "no values for this axis" : chart.view.isEmpty && chart.group.zoomX(chart) ? "nothing in this range" : "";
}
