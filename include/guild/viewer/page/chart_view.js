// chart_view.js - what a chart shows: ranges, scales and ticks for lines in a rectangle. Pure.

import { formatClock, formatDuration, formatTick, parseFormat } from "./format.js";
import {
  extent,
  logTicks,
  lowerBound,
  niceByteStep,
  niceStep,
  niceTimeStep,
  quantile,
  symlogTicks,
  ticks,
  transform,
  valueDomain,
} from "./scale.js";

const MARGIN = { top: 12, right: 14, bottom: 26 };

/** options: {axis, xlog, y: linear|log|symlog, clip, zoomX, zoomY, format, width, height, measure}; null without data. */
export function makeView(lines, options) {
  const xs = xRange(lines, options);
  if (!xs || options.width < 60) {
    return null;
  }
  const [x0, x1] = xs;
  const inside = lines.flatMap((line) => shown(line).map((values) => values.subarray(lowerBound(line.xs, x0), upper(line.xs, x1))));
  const kind = options.y;
  const linear = kind === "symlog" ? linearSize(inside) : 1;
  const { y0, y1, clipped } = yRange(inside, options);
  const rows = Math.max(3, Math.floor(options.height / 40));
  const y = yTicks(y0, y1, kind, linear, rows, options.format);
  const left = Math.ceil(Math.max(26, ...y.map((tick) => options.measure(tick.text)))) + 12;
  const area = { left, top: MARGIN.top, right: options.width - MARGIN.right, bottom: options.height - MARGIN.bottom };
  const view = { x0, x1, y0, y1, clipped, area, ...scales(area, xs, [y0, y1], options.xlog, transform(kind, linear)) };
  view.drawable = kind === "log" ? (value) => value > 0 && value < Infinity : Number.isFinite;
  view.yTicks = y;
  view.xTicks = xTicks(view, options);
  view.isEmpty = inside.every((values) => values.length === 0);
  view.width = options.width;
  view.height = options.height;
  return view;
}

/** All values of a line that the axis must have room for. */
function shown(line) {
  return line.band ? [line.raw, line.band.low, line.band.high] : [line.raw];
}

function upper(xs, x) {
  const at = lowerBound(xs, x);
  let end = at;
  while (end < xs.length && xs[end] <= x) {
    end += 1;
  }
  return end;
}

function xRange(lines, { zoomX, xlog }) {
  const accept = xlog ? (x) => x > 0 && x < Infinity : Number.isFinite;
  const full =
    zoomX ||
    extent(
      lines.map((line) => line.xs),
      accept,
    );
  if (!full || lines.length === 0) {
    return null;
  }
  const [x0, x1] = full;
  if (x0 < x1) {
    return [x0, x1];
  }
  return xlog ? [x0 / 2, x1 * 2] : [x0 - 0.5, x1 + 0.5];
}

/** The size below which a symmetric logarithmic axis is linear: the power of ten of the smallest value. */
function linearSize(arrays) {
  let low = Infinity;
  let high = 0;
  for (const values of arrays) {
    for (const value of values) {
      const size = Math.abs(value);
      if (size > 0 && size < Infinity) {
        low = Math.min(low, size);
        high = Math.max(high, size);
      }
    }
  }
  return high === 0 ? 1 : 10 ** Math.floor(Math.log10(Math.max(low, high * 1e-6)));
}

function yRange(inside, { zoomY, y, clip }) {
  if (zoomY) {
    return { y0: zoomY[0], y1: zoomY[1], clipped: 0 };
  }
  const accept = y === "log" ? (value) => value > 0 && value < Infinity : Number.isFinite;
  const full = extent(inside, accept) || (y === "log" ? [0.1, 1] : [0, 1]);
  let range = full;
  let clipped = 0;
  if (clip) {
    const all = Float64Array.from(inside.flatMap((values) => Array.from(values).filter(accept)));
    range = all.length > 20 ? [quantile(all, 0.02), quantile(all, 0.98)] : full;
    clipped = all.reduce((count, value) => count + (value < range[0] || value > range[1] ? 1 : 0), 0);
  }
  const [y0, y1] = y === "log" ? [range[0] / 1.15, range[1] * 1.15] : valueDomain(range[0], range[1]);
  return { y0, y1, clipped };
}

function scales(area, [x0, x1], [y0, y1], xlog, ty) {
  const tx = transform(xlog ? "log" : "linear");
  const [a, b, c, d] = [tx.to(x0), tx.to(x1), ty.to(y0), ty.to(y1)];
  const wide = area.right - area.left;
  const high = area.bottom - area.top;
  return {
    x: (x) => area.left + ((tx.to(x) - a) / (b - a)) * wide,
    y: (y) => area.bottom - ((ty.to(y) - c) / (d - c)) * high,
    xAt: (px) => tx.from(a + ((px - area.left) / wide) * (b - a)),
    yAt: (py) => ty.from(c + ((area.bottom - py) / high) * (d - c)),
  };
}

function yTicks(y0, y1, kind, linear, rows, format) {
  if (kind === "log" && y0 > 0) {
    return logTicks(y0, y1, rows).map((value) => ({ value, text: formatTick(value, format, value, value) }));
  }
  if (kind === "symlog") {
    return symlogTicks(y0, y1, linear, rows).map((value) => ({ value, text: formatTick(value, format, Math.abs(value) || 1, value) }));
  }
  const bytes = parseFormat(format).kind === "bytes";
  const step = bytes ? niceByteStep(y1 - y0, rows) : niceStep(y1 - y0, rows);
  return ticks(y0, y1, step).map((value) => ({ value, text: formatTick(value, format, step, y1) }));
}

function xTicks(view, { axis, xlog, measure }) {
  const { x0, x1, area } = view;
  const timed = axis === "relative" || axis === "wall";
  const widest = timed ? 58 : Math.max(measure(plainText(x1, x1 - x0)), measure(plainText(x0, x1 - x0)));
  const count = Math.max(1, Math.min(10, Math.floor((area.right - area.left) / (widest + 26))));
  if (xlog) {
    return logTicks(x0, x1, count)
      .slice(0, 24)
      .map((value) => ({ value, text: plainText(value, value) }));
  }
  const span = x1 - x0;
  const step = timed ? niceTimeStep(Math.max(span, 1), count) : Math.max(axis === "step" ? 1 : 0, niceStep(span, count));
  const offset = axis === "wall" ? new Date(x0 * 1000).getTimezoneOffset() * 60 : 0;
  return ticks(x0 - offset, x1 - offset, step)
    .map((each) => each + offset)
    .map((value) => ({
      value,
      text: axis === "wall" ? wallText(value, span) : axis === "relative" ? formatDuration(value * 1e6) : formatTick(value, "", step),
    }));
}

function plainText(value, span) {
  return formatTick(value, "", Number.isInteger(value) ? 1 : span / 5);
}

function wallText(seconds, span) {
  if (span < 2 * 86400) {
    return formatClock(seconds * 1e6);
  }
  const date = new Date(seconds * 1000);
  return String(date.getMonth() + 1).padStart(2, "0") + "-" + String(date.getDate()).padStart(2, "0");
}
