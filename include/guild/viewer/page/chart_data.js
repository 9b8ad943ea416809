// chart_data.js - series as the server sends them, turned into lines over the chosen horizontal axis.
//
// A series: {id, run, key, name, color, count, reduced, steps, times, values}, arrays of one length.
// A line adds xs (ascending), raw and ys (smoothed), and how many values were not finite.

import { lowerBound, smooth } from "./scale.js";
import { shortNames } from "./series_names.js";

/** Charts whose horizontal axes mean the same: samples of guild's own statistics are no training steps. */
export function axisClass(axis, source) {
  if (axis === "relative" || axis === "wall") {
    return axis;
  }
  return axis === "step" && /^series\/(sys|op)\//.test(source) ? "sample" : axis;
}

/** Lines of all series; `axis`: step, relative, wall, or the key of another series of the same run. */
export function makeLines(series, { axis, smoothing }, others = new Map()) {
  const names = nameLines(series);
  const starts = runStarts(series);
  return series.map((one, index) => {
    const xs = xValues(one, axis, starts, others);
    const order = orderOf(xs);
    const pick = (values) => (order ? Float64Array.from(order, (i) => values[i]) : values);
    const raw = pick(one.values);
    const ys = smoothing > 0 ? smooth(raw, smoothing) : raw;
    const band = one.band && order ? { low: pick(one.band.low), high: pick(one.band.high) } : one.band;
    return {
      ...one,
      band,
      index,
      name: one.name || names[index] || one.key,
      xs: pick(xs),
      raw,
      ys,
      steps: pick(one.steps),
      times: pick(one.times),
      start: starts.get(one.run),
      ...countSpecial(raw, one),
    };
  });
}

function nameLines(series) {
  return shortNames(series.map((one) => one.key));
}

/** The earliest time of each run, from which relative time counts. */
function runStarts(series) {
  const out = new Map();
  for (const one of series) {
    if (one.times.length > 0) {
      out.set(one.run, Math.min(out.has(one.run) ? out.get(one.run) : Infinity, one.start || one.times[0]));
    }
  }
  return out;
}

function xValues(one, axis, starts, others) {
  if (axis === "step") {
    return one.steps;
  }
  if (axis === "wall") {
    return one.times.map((us) => us / 1e6);
  }
  if (axis === "relative") {
    const start = starts.get(one.run);
    return one.times.map((us) => (us - start) / 1e6);
  }
  const other = others.get(one.run);
  return other ? one.steps.map((step) => valueAt(other, step)) : one.steps.map(() => NaN);
}

/** The value that `other` had at a step: the last one written up to there. */
function valueAt(other, step) {
  const at = lowerBound(other.steps, step);
  const index = other.steps[at] === step ? at : at - 1;
  return index >= 0 ? other.values[index] : NaN;
}

/** Indices that make `xs` ascending, without those that are not finite; null if nothing has to change. */
function orderOf(xs) {
  let sorted = true;
  for (let i = 0; i < xs.length && sorted; i += 1) {
    sorted = Number.isFinite(xs[i]) && (i === 0 || xs[i] >= xs[i - 1]);
  }
  if (sorted) {
    return null;
  }
  return Array.from(xs.keys())
    .filter((i) => Number.isFinite(xs[i]))
    .sort((a, b) => xs[a] - xs[b] || a - b);
}

/** The server's counts where there are some: a reduced series may lack some of these values. */
function countSpecial(values, known) {
  if (known.nan !== undefined) {
    return { nan: known.nan, inf: known.inf };
  }
  let nan = 0;
  let inf = 0;
  for (const value of values) {
    nan += Number.isNaN(value) ? 1 : 0;
    inf += value === Infinity || value === -Infinity ? 1 : 0;
  }
  return { nan, inf };
}

/** Last finite number, NaN if there is none. */
export function lastFinite(values) {
  for (let i = values.length - 1; i >= 0; i -= 1) {
    if (Number.isFinite(values[i])) {
      return values[i];
    }
  }
  return NaN;
}

/** What to ask the server for: the axis that its columns divide, and a range on it. Over the values of another series the
 *  range is that of the steps whose points are inside, one interval wider at both sides. */
export function rangeQuery(lines, axis, range) {
  const scale = axis === "wall" || axis === "relative" ? 1e6 : 1;
  const query = { axis: axis === "wall" ? "time" : axis === "relative" ? "relative" : "step" };
  const steps = range && scale === 1 && axis !== "step" ? stepsInside(lines, range) : range;
  return steps ? { ...query, from: Math.floor(steps[0] * scale), to: Math.ceil(steps[1] * scale) } : query;
}

function stepsInside(lines, [x0, x1]) {
  let low = Infinity;
  let high = -Infinity;
  for (const line of lines) {
    const first = Math.max(0, lowerBound(line.xs, x0) - 1);
    const last = Math.min(line.xs.length - 1, lowerBound(line.xs, x1));
    for (let i = first; i <= last; i += 1) {
      low = Math.min(low, line.steps[i]);
      high = Math.max(high, line.steps[i]);
    }
  }
  return low <= high ? [low, high] : null;
}
