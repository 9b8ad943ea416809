// chart.js - one chart: its card, its data (an overview, and exact points where it is zoomed), its picture.
//
// Not here: gestures (chart_input.js), scales (chart_view.js), drawing (chart_paint.js), what charts share (chart_group.js).

import { lastFinite, makeLines, rangeQuery } from "./chart_data.js";
import { download, fileName, pointTable, summaryTable, toCsv, toPng, toSvg } from "./chart_export.js";
import { boxOf, listen } from "./chart_input.js";
import { describeChart, emptyText, legendItem, noteText } from "./chart_legend.js";
import { paintAxes, paintBox, paintCross, paintLines } from "./chart_paint.js";
import { closestHit, hitsAt, showTip } from "./chart_tip.js";
import { makeView } from "./chart_view.js";
import { h, fill, icon, setText } from "./dom.js";
import { menu } from "./menu.js";
import { isDark, lineColor } from "./palette.js";
import { extent } from "./scale.js";
import { moreButton, spring } from "./widgets.js";

const HEIGHT = 260;

export class Chart {
  /** spec: {name, title, label, format, source}; load(query, columns) gives series (chart_data.js). */
  constructor(spec, group, load) {
    Object.assign(this, {
      spec,
      group,
      load,
      name: spec.name || spec.title,
      series: [],
      lines: [],
      detail: null,
      hover: null,
      drag: null,
      touches: new Map(),
      pinch: null,
      view: null,
    });
    this.canvas = h("canvas", {
      class: "chart-canvas",
      tabindex: "0",
      role: "img",
      "aria-keyshortcuts": "ArrowLeft ArrowRight Shift+ArrowUp Shift+ArrowDown Plus Minus 0 F D S P E",
    });
    this.tip = h("div", { class: "chart-tip", hidden: true });
    this.empty = h("div", { class: "chart-empty", hidden: true }, "no data");
    this.loading = h("div", { class: "chart-loading" });
    this.legend = h("div", { class: "legend" });
    this.allLines = moreButton(() => this.toggleLegend());
    this.note = h("div", { class: "chart-note", hidden: true });
    this.table = h("div", { class: "chart-table", hidden: true });
    this.plot = h("div", { class: "chart-plot" }, this.canvas, this.loading, this.tip, this.empty);
    this.element = h(
      "section",
      { class: "card chart", dataset: { chart: this.name } },
      this.makeHead(),
      this.plot,
      this.legend,
      this.allLines,
      this.note,
      this.table,
    );
    listen(this);
    this.watch();
    group.charts.add(this);
  }

  makeHead() {
    const { spec, group } = this;
    this.reset = h(
      "button",
      { class: "quiet", hidden: true, title: "Show everything again (double click, 0)", onclick: () => group.reset(this) },
      "Reset zoom",
    );
    this.enlarge = h(
      "button",
      { class: "quiet square", title: "Whole screen (f)", "aria-label": "Whole screen", onclick: () => this.toggleFull() },
      icon("expand"),
    );
    const more = menu("More", { isIcon: true, name: "more" }, [
      ["Zoom back", () => group.undo(), "z"],
      ["Zoom forward", () => group.redo(), "Z"],
      ["Data table", () => this.toggleTable(), "d"],
      ["Save as SVG", () => this.save("svg"), "s"],
      ["Save as PNG", () => this.save("png"), "p"],
      ["Save as CSV", () => this.save("csv"), "e"],
    ]);
    return h(
      "header",
      { class: "card-head" },
      h("h3", { title: spec.source }, spec.title),
      spec.label ? h("span", { class: "dim" }, spec.label) : null,
      spring(),
      this.reset,
      this.enlarge,
      more,
    );
  }

  /** Draws again when the size changes; loads only what is (nearly) on the screen. */
  watch() {
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.plot);
    this.sight = new IntersectionObserver(
      (entries) => {
        this.isSeen = entries.at(-1).isIntersecting;
        if (this.isSeen && this.isStale) {
          this.refresh();
        }
      },
      { rootMargin: "300px" },
    );
    this.sight.observe(this.element);
    this.isStale = true;
  }

  destroy() {
    this.isGone = true;
    this.sizes.disconnect();
    this.sight.disconnect();
    this.group.charts.delete(this);
    document.documentElement.classList.toggle("locked", false);
  }

  // ---- data -------------------------------------------------------------------

  columns() {
    return Math.min(2000, Math.max(200, Math.ceil((this.plot.clientWidth || 600) / 2 / 50) * 50));
  }

  /** Loads anew, or later when the chart comes into sight. A failure is shown in the chart. */
  async refresh() {
    if (!this.isSeen) {
      this.isStale = true;
      return;
    }
    this.isStale = false;
    try {
      const series = await this.load(rangeQuery([], this.group.options.axis, null), this.columns());
      if (!this.isGone && series !== this.series) {
        this.setSeries(series);
      }
      if (this.detail) {
        await this.loadDetail();
      }
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error) {
    if (error.name === "AbortError" || error.status === 0 || this.isGone) {
      this.isStale = true;
      return;
    }
    this.problem = error.message;
    this.setSeries([]);
  }

  setSeries(series) {
    this.problem = series.length ? null : this.problem;
    this.series = series;
    this.isLoaded = true;
    this.loading.hidden = true;
    this.prepare();
    this.wantDetail();
  }

  /** After a zoom: draw what is there, and ask for exact points when it has settled. */
  zoomed() {
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.wantDetail(), 60);
  }

  wantDetail() {
    const zoom = this.group.zoomX(this);
    if (!zoom || this.isGone || !this.isSeen || !this.series.some((one) => one.reduced)) {
      this.detail = zoom ? this.detail : null;
      return;
    }
    const wide = zoom[1] - zoom[0];
    if (this.detail && this.detail.low <= zoom[0] && this.detail.high >= zoom[1] && this.detail.high - this.detail.low < 6 * wide) {
      return;
    }
    this.detail = { low: zoom[0] - wide, high: zoom[1] + wide, series: null };
    this.loadDetail().catch((error) => this.fail(error));
  }

  /** The zoomed range and as much at both sides, so that a small move needs no new data. */
  async loadDetail() {
    const { detail } = this;
    const query = rangeQuery(this.lines, this.group.options.axis, [detail.low, detail.high]);
    const series = await this.load(query, Math.min(4000, 3 * this.columns()));
    if (this.detail === detail && !this.isGone && series !== detail.series) {
      detail.series = series;
      this.prepare();
    }
  }

  /** Exact points where the zoom is, the overview elsewhere and until they have come. */
  shownSeries() {
    const exact =
      this.detail && this.detail.series && this.group.zoomX(this) ? new Map(this.detail.series.map((one) => [one.id, one])) : null;
    return exact
      ? this.series.map((one) =>
          one.reduced && exact.get(one.id) ? { ...one, ...exact.get(one.id), count: one.count, nan: one.nan, inf: one.inf } : one,
        )
      : this.series;
  }

  /** Turns series into lines for the chosen axis and smoothing, then draws. */
  prepare() {
    const dark = isDark();
    this.lines = makeLines(this.shownSeries(), this.group.options, this.group.others);
    const last = new Map(this.series.map((one) => [one.id, lastFinite(one.values)]));
    this.lines.forEach((line, i) => {
      line.last = last.get(line.id);
      line.color = typeof line.color === "string" ? line.color : lineColor(line.color ?? i, dark);
    });
    this.drawLegend();
    this.describe();
    this.draw();
  }

  visible() {
    return this.lines.filter((line) => !this.group.isHidden(this, line.id));
  }

  // ---- words --------------------------------------------------------------------

  describe() {
    this.canvas.setAttribute("aria-label", describeChart(this));
    fill(this.canvas, summaryTable(this.lines, this.spec.title));
    if (!this.table.hidden) {
      this.drawTable();
    }
  }

  drawLegend() {
    const stamp = JSON.stringify(
      this.lines.map((line) => [
        line.id,
        line.name,
        line.color,
        line.count,
        line.last,
        line.nan,
        line.inf,
        this.group.isHidden(this, line.id),
      ]),
    );
    if (stamp !== this.legendStamp) {
      this.legendStamp = stamp;
      fill(
        this.legend,
        this.lines.map((line) => legendItem(this, line)),
      );
    }
  }

  /** A legend of more than four rows is cut at the end of one, until a click. */
  toggleLegend() {
    this.legend.classList.toggle("all");
    this.draw();
  }

  drawLegendEnd() {
    const isAll = this.legend.classList.contains("all");
    this.allLines.hidden = !isAll && this.legend.scrollHeight <= this.legend.clientHeight + 4;
    this.allLines.setAttribute("aria-expanded", String(isAll));
    setText(this.allLines, isAll ? "Fewer lines" : "All " + this.lines.length + " lines");
  }

  drawNotes() {
    const note = noteText(this);
    const empty = this.isLoaded ? emptyText(this) : "";
    this.note.hidden = note === "";
    this.empty.hidden = empty === "";
    setText(this.note, note);
    setText(this.empty, empty);
  }

  // ---- picture ------------------------------------------------------------------

  colors() {
    const style = getComputedStyle(this.element);
    const get = (name) => style.getPropertyValue(name).trim();
    return {
      grid: get("--grid"),
      text: get("--muted"),
      strong: get("--text"),
      cross: get("--cross"),
      surface: get("--surface"),
      accent: get("--accent"),
      font: "11px " + style.fontFamily,
    };
  }

  measure() {
    const context = this.canvas.getContext("2d");
    context.font = "11px " + getComputedStyle(this.element).fontFamily;
    return (text) => context.measureText(text).width;
  }

  fullX() {
    return extent(this.lines.map((line) => line.xs));
  }

  /** How far zooming in goes: steps are whole numbers. */
  smallestX() {
    const full = this.fullX() || [0, 1];
    return this.group.options.axis === "step" ? 1.5 : (full[1] - full[0]) * 1e-7;
  }

  /** Asks for a picture before the next frame. */
  draw() {
    if (!this.frame && !this.isGone) {
      this.frame = requestAnimationFrame(() => {
        this.frame = 0;
        this.drawNow();
      });
    }
  }

  drawNow() {
    if (this.isGone || !this.plot.clientWidth) {
      return;
    }
    const context = this.prepareCanvas();
    const { options } = this.group;
    this.view = makeView(this.visible(), {
      ...options,
      format: this.spec.format,
      zoomX: this.group.zoomX(this),
      zoomY: this.group.zoomY(this),
      width: this.plot.clientWidth,
      height: this.height,
      measure: (text) => context.measureText(text).width,
    });
    this.reset.hidden = !this.group.zoomX(this) && !this.group.zoomY(this);
    this.drawNotes();
    this.drawLegendEnd();
    if (!this.view) {
      this.tip.hidden = true;
      return;
    }
    const colors = this.colors();
    paintAxes(context, this.view, colors);
    paintLines(context, this.view, this.visible());
    this.drawCross(context, colors);
  }

  prepareCanvas() {
    const ratio = window.devicePixelRatio || 1;
    this.height = this.isFull()
      ? Math.max(
          200,
          this.element.clientHeight -
            this.element.firstElementChild.offsetHeight -
            this.legend.offsetHeight -
            this.allLines.offsetHeight -
            40 -
            (this.table.hidden ? 0 : this.table.offsetHeight),
        )
      : HEIGHT;
    this.plot.style.height = this.height + "px";
    this.canvas.width = Math.round(this.plot.clientWidth * ratio);
    this.canvas.height = Math.round(this.height * ratio);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = "11px " + getComputedStyle(this.element).fontFamily;
    return context;
  }

  drawCross(context, colors) {
    const box = this.drag && !this.drag.pan ? boxOf(this.drag, this.view.area) : null;
    if (box) {
      paintBox(context, colors, box);
    }
    const x = this.hover ? this.hover.x : this.followed;
    const hits = x === null || x === undefined || x < this.view.x0 || x > this.view.x1 ? [] : hitsAt(this.visible(), x);
    this.tip.hidden = true;
    if (hits.length > 0) {
      const closest = closestHit(hits, x);
      paintCross(
        context,
        this.view,
        colors,
        closest.line.xs[closest.at],
        hits.filter((hit) => Math.abs(this.view.x(hit.line.xs[hit.at]) - this.view.x(x)) < 40),
      );
      if (this.hover) {
        showTip(this.tip, this, hits, closest, this.hover.py);
      }
    }
  }

  /** Shows the crosshair that a linked chart has at `x`. */
  follow(x) {
    if (this.followed !== x) {
      this.followed = x;
      this.draw();
    }
  }

  leave() {
    this.drag = null;
    if (this.hover) {
      this.hover = null;
      this.group.hover(this, null);
      this.draw();
    }
  }

  // ---- actions --------------------------------------------------------------------

  isFull() {
    return this.element.classList.contains("full");
  }

  toggleFull() {
    const full = this.element.classList.toggle("full");
    document.documentElement.classList.toggle("locked", full);
    fill(this.enlarge, icon(full ? "shrink" : "expand"));
    this.canvas.focus({ preventScroll: true });
    this.draw();
  }

  toggleTable() {
    this.table.hidden = !this.table.hidden;
    this.drawTable();
    this.draw();
  }

  drawTable() {
    fill(this.table, this.table.hidden ? null : pointTable(this.visible(), this.view));
  }

  async save(kind) {
    if (!this.view) {
      return;
    }
    if (kind === "svg") {
      download(fileName(this, "svg"), "image/svg+xml", toSvg(this));
    } else if (kind === "png") {
      download(fileName(this, "png"), "image/png", await toPng(this));
    } else {
      const series = await this.load(rangeQuery(this.lines, this.group.options.axis, this.group.zoomX(this)), 4000);
      download(
        fileName(this, series.some((one) => one.reduced) ? "reduced.csv" : "csv"),
        "text/csv",
        toCsv(series.filter((one) => !this.group.isHidden(this, one.id))),
      );
    }
  }
}
