// chart_tip.js - what stands beside the crosshair: step, times, and the values, nearest line first.

import { h, fill } from "./dom.js";
import { formatDuration, formatGeneral, formatNumber, formatTime } from "./format.js";
import { nearest } from "./scale.js";

const ROWS = 12;
const NARROW = 400;

/** The point of each line that is nearest to `x`. */
export function hitsAt(lines, x) {
  return lines.map((line) => ({ line, at: nearest(line.xs, x) })).filter((hit) => hit.at >= 0);
}

/** Of some hits the one whose x is nearest. */
export function closestHit(hits, x) {
  return hits.reduce((a, b) => (Math.abs(b.line.xs[b.at] - x) < Math.abs(a.line.xs[a.at] - x) ? b : a));
}

/** Fills and places the tip. `py`: the pointer, from which the distance of lines counts. */
export function showTip(tip, chart, hits, closest, py) {
  const { view } = chart;
  const x = closest.line.xs[closest.at];
  const near = hits.filter((hit) => Math.abs(view.x(hit.line.xs[hit.at]) - view.x(x)) < 40);
  const away = (hit) => {
    const y = view.y(hit.line.ys[hit.at]);
    return Number.isFinite(y) ? Math.abs(y - py) : Infinity;
  };
  near.sort((a, b) => away(a) - away(b) || a.line.index - b.line.index);
  fill(
    tip,
    head(chart, closest, x),
    near.slice(0, ROWS).map((hit, i) => row(chart, hit, i === 0 && near.length > 1)),
    near.length > ROWS ? h("div", { class: "tip-more" }, "and " + (near.length - ROWS) + " more") : null,
  );
  tip.hidden = false;
  // In the other half than the pointer, so that it does not cover what is pointed at.
  tip.classList.toggle("low", py < (view.area.top + view.area.bottom) / 2);
  const room = chart.plot.clientWidth;
  const px = view.x(x);
  const beside = px + 14 + tip.offsetWidth < room ? px + 14 : px - 14 - tip.offsetWidth;
  tip.style.left = Math.max(2, Math.min(beside, room - tip.offsetWidth - 2)) + "px";
}

function head(chart, { line, at }, x) {
  const { axis } = chart.group.options;
  const parts = axis === "step" || axis === "relative" || axis === "wall" ? [] : [h("b", {}, axis + " " + formatGeneral(x))];
  parts.push(h("b", {}, "Step " + formatGeneral(line.steps[at])));
  if (Number.isFinite(line.times[at]) && line.times[at] > 0) {
    parts.push(h("span", {}, formatDuration(line.times[at] - line.start)));
    parts.push(chart.plot.clientWidth > NARROW ? h("span", {}, formatTime(line.times[at])) : null);
  }
  return h("div", { class: "tip-head" }, parts);
}

function row(chart, { line, at }, first) {
  const swatch = h("span", { class: "swatch" });
  swatch.style.background = line.color;
  const { format } = chart.spec;
  const smoothed = line.ys !== line.raw;
  return h(
    "div",
    { class: "tip-row" + (first ? " near" : "") },
    swatch,
    h("span", { class: "tip-name" }, line.name),
    line.band ? h("i", {}, formatValue(line.band.low[at], format) + " \u2026 " + formatValue(line.band.high[at], format)) : null,
    h("b", {}, formatValue(smoothed ? line.ys[at] : line.raw[at], format)),
    smoothed ? h("i", { title: "as logged" }, formatValue(line.raw[at], format)) : null,
  );
}

/** A number of a tip or legend: the chart's format with a digit more, so that neighbours differ. */
export function formatValue(value, format) {
  if (!format) {
    return Number.isFinite(value) ? formatGeneral(value) : String(value);
  }
  return formatNumber(value, format === "%" ? "0.0%" : format);
}
