// chart_group.js - what the charts of a page share: axis, smoothing, scales, crosshair, zoom and its history.

import { axisClass } from "./chart_data.js";
import { state } from "./state.js";

const NO_ZOOM = { x: {}, y: {} };
const DEFAULTS = { axis: "step", smoothing: 0, y: "linear", xlog: false, clip: false, link: true };

export class ChartGroup {
  constructor() {
    this.charts = new Set();
    this.options = { ...DEFAULTS };
    this.hidden = new Set();
    this.others = new Map();
    this.past = [];
    this.future = [];
    this.zoom = NO_ZOOM;
    this.read();
  }

  // ---- the address ----------------------------------------------------------

  read() {
    const number = Number(state.get("smooth", "0"));
    Object.assign(this.options, {
      axis: state.get("axis", "step"),
      smoothing: number >= 0 && number < 1 ? number : 0,
      y: ["log", "symlog"].find((kind) => kind === state.get("y")) || "linear",
      xlog: state.get("xlog") === "1",
      clip: state.get("clip") === "1",
      link: state.get("link") !== "0",
    });
    this.hidden = new Set(state.all("off"));
    const zoom = { x: {}, y: {} };
    for (const text of state.all("zoom")) {
      const match = text.match(/^([xy]):(.*):([^:]+):([^:]+)$/);
      if (match && Number.isFinite(Number(match[3])) && Number(match[3]) < Number(match[4])) {
        zoom[match[1]][match[2]] = [Number(match[3]), Number(match[4])];
      }
    }
    this.zoom = zoom;
  }

  write() {
    const { axis, smoothing, y, xlog, clip, link } = this.options;
    const zooms = ["x", "y"].flatMap((way) => Object.entries(this.zoom[way]).map(([name, [a, b]]) => way + ":" + name + ":" + a + ":" + b));
    state.set({
      axis: axis === "step" ? null : axis,
      smooth: smoothing || null,
      y: y === "linear" ? null : y,
      xlog,
      clip,
      link: link ? null : "0",
      off: [...this.hidden],
      zoom: zooms,
    });
  }

  // ---- options --------------------------------------------------------------

  /** Changes options; another axis forgets the zoom, which is in its units. */
  set(options) {
    if (options.axis && options.axis !== this.options.axis) {
      this.zoom = NO_ZOOM;
      this.past = [];
      this.future = [];
      this.charts.forEach((chart) => {
        chart.detail = null;
      });
    }
    Object.assign(this.options, options);
    this.write();
    this.redraw();
    this.notice();
  }

  notice() {
    if (this.onChange) {
      this.onChange();
    }
  }

  redraw() {
    this.charts.forEach((chart) => chart.prepare());
  }

  toggle(chart, id) {
    const name = chart.name + "|" + id;
    if (!this.hidden.delete(name)) {
      this.hidden.add(name);
    }
    this.write();
    chart.prepare();
  }

  isHidden(chart, id) {
    return this.hidden.has(chart.name + "|" + id);
  }

  // ---- crosshair ------------------------------------------------------------

  hover(source, x) {
    const own = this.classOf(source);
    for (const chart of this.charts) {
      if (chart !== source && this.classOf(chart) === own) {
        chart.follow(x);
      }
    }
  }

  classOf(chart) {
    return axisClass(this.options.axis, chart.spec.source);
  }

  // ---- zoom -----------------------------------------------------------------

  xName(chart) {
    return this.options.link ? this.classOf(chart) : "@" + chart.name;
  }

  zoomX(chart) {
    return this.zoom.x[this.xName(chart)] || null;
  }

  zoomY(chart) {
    return this.zoom.y[chart.name] || null;
  }

  /** Zooms a chart, and with it all that are linked; null leaves a direction as it is. `quiet`: no step of history. */
  zoomTo(chart, x, y, quiet = false) {
    const next = { x: { ...this.zoom.x }, y: { ...this.zoom.y } };
    if (x) {
      next.x[this.xName(chart)] = x;
    }
    if (y) {
      next.y[chart.name] = y;
    }
    this.change(next, quiet);
  }

  /** Shows everything of a chart again. */
  reset(chart) {
    const next = { x: { ...this.zoom.x }, y: { ...this.zoom.y } };
    delete next.x[this.xName(chart)];
    delete next.y[chart.name];
    if (this.zoomX(chart) || this.zoomY(chart)) {
      this.change(next);
    }
  }

  change(next, quiet = false) {
    if (!quiet) {
      this.past.push(this.zoom);
      this.past.splice(0, this.past.length - 100);
      this.future = [];
    }
    this.show(next);
  }

  show(zoom) {
    this.zoom = zoom;
    this.charts.forEach((chart) => chart.zoomed());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), 150);
  }

  undo() {
    if (this.past.length > 0) {
      this.future.push(this.zoom);
      this.show(this.past.pop());
    }
  }

  redo() {
    if (this.future.length > 0) {
      this.past.push(this.zoom);
      this.show(this.future.pop());
    }
  }

  destroy() {
    clearTimeout(this.timer);
    [...this.charts].forEach((chart) => chart.destroy());
  }
}
