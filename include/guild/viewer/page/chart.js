// chart.js - one line chart on a canvas: ticks, legend, crosshair with values, zoom, gaps, marks.
//
// Not here: where the data comes from (run.js), the arithmetic (scale.js), number texts (format.js).

import { h, fill, icon, setText } from "./dom.js";
import { formatClock, formatDuration, formatGeneral, formatNumber, formatTick, formatTime, parseFormat } from "./format.js";
import { isDark, lineColor } from "./palette.js";
import { extent, logTicks, nearest, niceByteStep, niceStep, niceTimeStep, shortNames, smooth, ticks, valueDomain } from "./scale.js";

const HEIGHT = 260;
const MARGIN = { top: 12, right: 14, bottom: 26 };

/** Charts of one page share their crosshair: one that is hovered tells the others. */
export class ChartGroup {
  constructor() {
    this.charts = new Set();
    this.options = { axis: "step", smoothing: 0, log: false };
  }

  hover(source, x) {
    for (const chart of this.charts) {
      if (chart !== source) {
        chart.crosshair(x);
      }
    }
  }

  set(options) {
    Object.assign(this.options, options);
    for (const chart of this.charts) {
      if (options.axis) {
        chart.zoom = null;
      }
      chart.prepare();
    }
  }

  redraw() {
    for (const chart of this.charts) {
      chart.prepare();
    }
  }
}

export class Chart {
  /** spec: {title, label, format, source}; group: a ChartGroup; onZoom(range or null) may fetch more. */
  constructor(spec, group, onZoom) {
    this.spec = spec;
    this.group = group;
    this.onZoom = onZoom || (() => {});
    this.series = [];
    this.lines = [];
    this.hidden = new Set();
    this.zoom = null;
    this.hoverX = null;
    this.canvas = h("canvas", { class: "chart-canvas", tabindex: "0", role: "img" });
    this.tip = h("div", { class: "chart-tip", hidden: true });
    this.empty = h("div", { class: "chart-empty" }, "no data");
    this.legend = h("div", { class: "legend" });
    this.reset = h("button", { class: "quiet", hidden: true, title: "Show everything again (double click)",
      onclick: () => this.setZoom(null) }, "Reset zoom");
    this.enlarge = h("button", { class: "quiet square", title: "Larger", "aria-label": "Larger",
      onclick: () => this.toggleLarge() }, icon("expand"));
    this.plot = h("div", { class: "chart-plot" }, this.canvas, this.tip, this.empty);
    this.element = h("section", { class: "card chart", dataset: { chart: spec.name || spec.title } },
      h("header", { class: "card-head" }, h("h3", {}, spec.title),
        spec.label ? h("span", { class: "dim" }, spec.label) : null, h("span", { class: "spring" }), this.reset, this.enlarge),
      this.plot, this.legend);
    this.listen();
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.plot);
    group.charts.add(this);
  }

  destroy() {
    this.observer.disconnect();
    this.group.charts.delete(this);
  }

  /** series: [{key, count, steps, times_us, values}] as ascending typed arrays. */
  setSeries(series) {
    this.series = series;
    this.prepare();
  }

  /** Shows why there is no data, such as a pattern that cannot be read. */
  fail(message) {
    this.series = [];
    this.prepare();
    setText(this.empty, message);
  }

  setZoom(range) {
    this.zoom = range;
    this.reset.hidden = !range;
    this.onZoom(range && this.group.options.axis === "step" ? range : null);
    this.draw();
  }

  toggleLarge() {
    const large = this.element.classList.toggle("large");
    fill(this.enlarge, icon(large ? "shrink" : "expand"));
    this.draw();
  }

  /** Turns series into lines for the chosen axis and smoothing, then draws. */
  prepare() {
    const { axis, smoothing } = this.group.options;
    const names = shortNames(this.series.map((one) => one.key));
    const start = Math.min(...this.series.map((one) => one.times_us[0]).filter(Number.isFinite));
    this.lines = this.series.map((one, index) => {
      const xs = axis === "step" ? one.steps
        : Float64Array.from(one.times_us, (us) => (axis === "wall" ? us : us - start) / 1e6);
      const order = sortedOrder(xs);
      const pick = (values) => (order ? Float64Array.from(order, (i) => values[i]) : values);
      const raw = pick(one.values);
      return { key: one.key, name: names[index] || one.key, count: one.count, index, xs: pick(xs), raw,
        steps: pick(one.steps), times: pick(one.times_us), ys: smoothing > 0 ? smooth(raw, smoothing) : raw };
    });
    this.drawLegend();
    this.empty.hidden = this.lines.length > 0;
    setText(this.empty, "no data for " + this.spec.source);
    this.describe();
    this.draw();
  }

  describe() {
    const texts = this.lines.map((line) => line.key + ": " + line.count + " points, last "
      + formatNumber(line.raw[line.raw.length - 1], this.spec.format));
    this.canvas.setAttribute("aria-label", this.spec.title + " chart. " + (texts.join("; ") || "No data") + ".");
  }

  drawLegend() {
    const dark = isDark();
    fill(this.legend, this.lines.map((line) => {
      const swatch = h("span", { class: "swatch" });
      swatch.style.background = lineColor(line.index, dark);
      const last = lastFinite(line.raw);
      return h("button", { class: "legend-item" + (this.hidden.has(line.key) ? " off" : ""), title: line.key + " (" + line.count + " points)",
        "aria-pressed": String(!this.hidden.has(line.key)), dataset: { key: line.key }, onclick: () => this.toggle(line.key) },
      swatch, h("span", { class: "legend-name" }, line.name), h("span", { class: "legend-value" }, formatValue(last, this.spec.format)));
    }));
  }

  toggle(key) {
    if (!this.hidden.delete(key)) {
      this.hidden.add(key);
    }
    this.drawLegend();
    this.draw();
  }

  visible() {
    return this.lines.filter((line) => !this.hidden.has(line.key));
  }

  // ---- scales ---------------------------------------------------------------

  layout() {
    const width = this.plot.clientWidth;
    const height = this.element.classList.contains("large") ? Math.max(HEIGHT, innerHeight * 0.7) : HEIGHT;
    const lines = this.visible();
    const full = extent(lines.map((line) => line.xs));
    if (!full || width < 40) {
      return null;
    }
    let [x0, x1] = this.zoom || full;
    if (x0 === x1) {
      [x0, x1] = [x0 - 0.5, x1 + 0.5];
    }
    const log = this.group.options.log;
    const inside = lines.map((line) => line.raw.filter((_, i) => line.xs[i] >= x0 && line.xs[i] <= x1));
    const range = extent(inside, log ? (value) => value > 0 && value < Infinity : Number.isFinite) || (log ? [0.1, 1] : [0, 1]);
    const [y0, y1] = log ? [range[0] / 1.15, range[1] * 1.15] : valueDomain(range[0], range[1]);
    const rows = Math.max(3, Math.floor(height / 36));
    const step = parseFormat(this.spec.format).kind === "bytes" ? niceByteStep(y1 - y0, rows) : niceStep(y1 - y0, rows);
    return { width, height, x0, x1, y0, y1, log, yStep: step, yTicks: log ? logTicks(y0, y1, rows) : ticks(y0, y1, step) };
  }

  xTicks(at, plotWidth, measure) {
    const axis = this.group.options.axis;
    const span = at.x1 - at.x0;
    const widest = axis === "step" ? measure(formatTick(at.x1, "", 1)) : 58;
    const count = Math.max(1, Math.min(10, Math.floor(plotWidth / (widest + 28))));
    const step = axis === "step" ? Math.max(1, niceStep(span, count)) : niceTimeStep(Math.max(span, 1), count);
    const offset = axis === "wall" ? new Date(at.x0 * 1000).getTimezoneOffset() * 60 : 0;
    return ticks(at.x0 - offset, at.x1 - offset, step).map((value) => value + offset).map((value) => ({ value,
      text: axis === "step" ? formatTick(value, "", 1) : axis === "wall" ? formatClock(value * 1e6) : formatDuration(value * 1e6) }));
  }

  // ---- drawing --------------------------------------------------------------

  draw() {
    const at = this.layout();
    const ratio = window.devicePixelRatio || 1;
    this.plot.style.height = (at ? at.height : HEIGHT) + "px";
    const width = this.plot.clientWidth;
    const height = at ? at.height : HEIGHT;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    this.view = null;
    if (!at) {
      return;
    }
    const style = getComputedStyle(this.element);
    const colors = { grid: style.getPropertyValue("--grid"), text: style.getPropertyValue("--muted"),
      cross: style.getPropertyValue("--cross"), surface: style.getPropertyValue("--surface") };
    context.font = "11px " + style.fontFamily;
    const measure = (text) => context.measureText(text).width;
    const yTexts = at.yTicks.map((value) => formatTick(value, this.spec.format, at.log ? value : at.yStep,
      at.log ? value : at.y1));
    const left = Math.ceil(Math.max(26, ...yTexts.map(measure))) + 12;
    const area = { left, top: MARGIN.top, right: width - MARGIN.right, bottom: height - MARGIN.bottom };
    const scaleY = at.log ? (y) => (Math.log(y / at.y0) / Math.log(at.y1 / at.y0)) : (y) => (y - at.y0) / (at.y1 - at.y0);
    this.view = { ...at, area, x: (x) => area.left + ((x - at.x0) / (at.x1 - at.x0)) * (area.right - area.left),
      y: (y) => area.bottom - scaleY(y) * (area.bottom - area.top) };
    this.drawAxes(context, colors, yTexts, this.xTicks(at, area.right - area.left, measure));
    context.save();
    context.beginPath();
    context.rect(area.left - 1, area.top - 4, area.right - area.left + 2, area.bottom - area.top + 8);
    context.clip();
    this.drawLines(context);
    context.restore();
    this.drawHover(context, colors);
  }

  drawAxes(context, colors, yTexts, xTicks) {
    const { area, yTicks } = this.view;
    context.lineWidth = 1;
    context.strokeStyle = colors.grid;
    context.fillStyle = colors.text;
    context.textBaseline = "middle";
    context.textAlign = "right";
    yTicks.forEach((value, i) => {
      const y = Math.round(this.view.y(value)) + 0.5;
      line(context, area.left, y, area.right, y);
      context.fillText(yTexts[i], area.left - 8, y);
    });
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const tick of xTicks) {
      const x = Math.round(this.view.x(tick.value)) + 0.5;
      line(context, x, area.bottom, x, area.bottom + 4);
      const half = context.measureText(tick.text).width / 2;
      context.fillText(tick.text, Math.min(Math.max(x, half + 2), area.right + MARGIN.right - half - 2), area.bottom + 8);
    }
    line(context, area.left, Math.round(area.bottom) + 0.5, area.right, Math.round(area.bottom) + 0.5);
  }

  drawLines(context) {
    const dark = isDark();
    const lines = this.visible();
    context.lineJoin = "round";
    for (const one of lines.slice().reverse()) {  // the first of the legend ends on top
      const color = lineColor(one.index, dark);
      if (lines.length === 1 && !this.view.log && this.view.y0 === 0) {  // an area stands on zero
        this.drawArea(context, one, color);
      }
      if (one.ys !== one.raw) {
        this.strokeLine(context, one, one.raw, color, 1, 0.28);
      }
      this.strokeLine(context, one, one.ys, color, 1.8, 1);
      this.drawMarks(context, one, color);
    }
  }

  /** One pass; a value that is not finite (or not positive on a log axis) breaks the line. */
  strokeLine(context, one, ys, color, width, alpha) {
    const { x, y, log, x0, x1 } = this.view;
    context.strokeStyle = color;
    context.fillStyle = color;
    context.globalAlpha = alpha;
    context.lineWidth = width;
    context.beginPath();
    let open = false;
    for (let i = 0; i < ys.length; i += 1) {
      const good = drawable(ys[i], log);
      const alone = good && !open && (i + 1 === ys.length || !drawable(ys[i + 1], log));
      if (alone && one.xs[i] >= x0 && one.xs[i] <= x1) {
        context.moveTo(x(one.xs[i]) + width * 0.6, y(ys[i]));
        context.arc(x(one.xs[i]), y(ys[i]), width * 0.6, 0, 2 * Math.PI);
      } else if (good && open) {
        context.lineTo(x(one.xs[i]), y(ys[i]));
      } else if (good) {
        context.moveTo(x(one.xs[i]), y(ys[i]));
      }
      open = good;
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  drawArea(context, one, color) {
    const { area, x, y } = this.view;
    const gradient = context.createLinearGradient(0, area.top, 0, area.bottom);
    gradient.addColorStop(0, color + "2e");
    gradient.addColorStop(1, color + "00");
    context.fillStyle = gradient;
    context.beginPath();
    let first = -1;
    for (let i = 0; i <= one.ys.length; i += 1) {
      const good = i < one.ys.length && Number.isFinite(one.ys[i]);
      if (good) {
        context.lineTo(x(one.xs[i]), y(one.ys[i]));
        first = first < 0 ? i : first;
      } else if (first >= 0) {
        context.lineTo(x(one.xs[i - 1]), area.bottom);
        context.lineTo(x(one.xs[first]), area.bottom);
        context.closePath();
        context.fill();
        context.beginPath();
        first = -1;
      }
    }
  }

  /** Triangles on the axis where a value was NaN or infinite, so that a diverged run shows it. */
  drawMarks(context, one, color) {
    const { area, x } = this.view;
    context.fillStyle = color;
    let last = -Infinity;
    for (let i = 0; i < one.raw.length; i += 1) {
      const at = Number.isFinite(one.raw[i]) ? -Infinity : x(one.xs[i]);
      if (at > last + 5) {
        const base = one.raw[i] === Infinity ? area.top + 6 : area.bottom;
        const tip = one.raw[i] === Infinity ? area.top : area.bottom - 6;
        context.beginPath();
        context.moveTo(at, tip);
        context.lineTo(at + 4, base);
        context.lineTo(at - 4, base);
        context.fill();
        last = at;
      }
    }
  }

  // ---- pointer --------------------------------------------------------------

  listen() {
    const canvas = this.canvas;
    canvas.addEventListener("pointermove", (event) => this.onMove(event));
    canvas.addEventListener("pointerleave", () => this.leave());
    canvas.addEventListener("pointerdown", (event) => {
      if (this.view && event.button === 0 && event.pointerType !== "touch") {
        canvas.setPointerCapture(event.pointerId);
        this.drag = this.dataX(event);
      }
    });
    canvas.addEventListener("pointerup", (event) => this.onUp(event));
    canvas.addEventListener("dblclick", () => this.setZoom(null));
    canvas.addEventListener("keydown", (event) => this.onKey(event));
    canvas.addEventListener("blur", () => this.leave());
  }

  leave() {
    this.hoverX = null;
    this.drag = null;
    this.tip.hidden = true;
    this.group.hover(this, null);
    this.draw();
  }

  dataX(event) {
    const { area, x0, x1 } = this.view;
    const inside = event.clientX - this.canvas.getBoundingClientRect().left;
    const part = (inside - area.left) / (area.right - area.left);
    return x0 + Math.min(1, Math.max(0, part)) * (x1 - x0);
  }

  onMove(event) {
    if (this.view) {
      this.hoverX = this.dataX(event);
      this.group.hover(this, this.hoverX);
      this.draw();
    }
  }

  onUp(event) {
    const from = this.drag;
    this.drag = null;
    if (this.view && from !== null && from !== undefined) {
      const to = this.dataX(event);
      if (Math.abs(this.view.x(to) - this.view.x(from)) > 6) {
        this.setZoom([Math.min(from, to), Math.max(from, to)]);
      }
    }
  }

  onKey(event) {
    const lines = this.visible();
    if (event.key === "Escape") {
      this.setZoom(null);
    } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && this.view && lines.length > 0) {
      const xs = lines[0].xs;
      const at = this.hoverX === null ? xs.length - 1 : nearest(xs, this.hoverX);
      this.hoverX = xs[Math.min(xs.length - 1, Math.max(0, at + (event.key === "ArrowLeft" ? -1 : 1)))];
      this.group.hover(this, this.hoverX);
      this.draw();
      event.preventDefault();
    }
  }

  /** Shows the crosshair that another chart has at `x`. */
  crosshair(x) {
    if (this.followX !== x) {
      this.followX = x;
      this.draw();
    }
  }

  drawHover(context, colors) {
    const { area, x0, x1 } = this.view;
    const own = this.hoverX !== null;
    const wanted = own ? this.hoverX : this.followX;
    if (wanted === null || wanted === undefined || wanted < x0 || wanted > x1) {
      this.tip.hidden = true;
      return;
    }
    if (own && this.drag !== null && this.drag !== undefined) {
      context.fillStyle = colors.cross;
      context.globalAlpha = 0.18;
      context.fillRect(this.view.x(this.drag), area.top, this.view.x(wanted) - this.view.x(this.drag), area.bottom - area.top);
      context.globalAlpha = 1;
    }
    const hits = this.visible().map((one) => ({ one, at: nearest(one.xs, wanted) })).filter((hit) => hit.at >= 0);
    if (hits.length === 0) {
      return;
    }
    const closest = hits.reduce((a, b) => (Math.abs(b.one.xs[b.at] - wanted) < Math.abs(a.one.xs[a.at] - wanted) ? b : a));
    const x = this.view.x(closest.one.xs[closest.at]);
    context.strokeStyle = colors.cross;
    context.lineWidth = 1;
    line(context, Math.round(x) + 0.5, area.top, Math.round(x) + 0.5, area.bottom);
    for (const { one, at } of hits) {
      if (drawable(one.ys[at], this.view.log)) {
        dot(context, this.view.x(one.xs[at]), this.view.y(one.ys[at]), lineColor(one.index, isDark()), colors.surface);
      }
    }
    if (own) {
      this.showTip(hits, closest, x);
    } else {
      this.tip.hidden = true;
    }
  }

  showTip(hits, closest, x) {
    const first = closest.one;
    const dark = isDark();
    const start = Math.min(...this.lines.map((one) => one.times[0]));
    fill(this.tip, h("div", { class: "tip-head" }, h("b", {}, "Step " + formatGeneral(first.steps[closest.at])),
      h("span", {}, formatDuration(first.times[closest.at] - start)), h("span", {}, formatTime(first.times[closest.at]))),
    hits.map(({ one, at }) => {
      const swatch = h("span", { class: "swatch" });
      swatch.style.background = lineColor(one.index, dark);
      return h("div", { class: "tip-row" }, swatch, h("span", { class: "tip-name" }, one.name),
        h("b", {}, formatValue(one.raw[at], this.spec.format)),
        one.ys === one.raw ? null : h("i", {}, "~ " + formatValue(one.ys[at], this.spec.format)));
    }));
    this.tip.hidden = false;
    const width = this.tip.offsetWidth;
    const room = this.plot.clientWidth;
    const beside = x + 14 + width < room ? x + 14 : x - 14 - width;
    this.tip.style.left = Math.max(2, Math.min(beside, room - width - 2)) + "px";
  }
}

/** A tooltip's number: the chart's format with two more digits, so that neighbours differ. */
function formatValue(value, format) {
  if (!format) {
    return Number.isFinite(value) ? formatGeneral(value) : String(value);
  }
  const finer = format === "%" ? "0.0%" : format;
  return formatNumber(value, finer);
}

function drawable(value, log) {
  return Number.isFinite(value) && (!log || value > 0);
}

function lastFinite(values) {
  for (let i = values.length - 1; i >= 0; i -= 1) {
    if (Number.isFinite(values[i])) {
      return values[i];
    }
  }
  return NaN;
}

/** The order that makes `xs` ascending, stable; null if it is already. */
function sortedOrder(xs) {
  for (let i = 1; i < xs.length; i += 1) {
    if (xs[i] < xs[i - 1]) {
      return Array.from(xs, (_, index) => index).sort((a, b) => xs[a] - xs[b] || a - b);
    }
  }
  return null;
}

function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

function dot(context, x, y, color, ring) {
  context.beginPath();
  context.arc(x, y, 4, 0, 2 * Math.PI);
  context.fillStyle = color;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = ring;
  context.stroke();
}
