// compare.js - chosen runs side by side: table and legend, overlaid charts, scatter, parallel coordinates, differences.

import { api } from "./api.js";
import { ChartBar } from "./chart_bar.js";
import { ChartGroup } from "./chart_group.js";
import { ChartSections } from "./chart_sections.js";
import { manyRuns } from "./chart_source.js";
import { choice } from "./choice.js";
import { CompareTable } from "./compare_table.js";
import { DiffPanel } from "./diff.js";
import { h, fill } from "./dom.js";
import { groupMeans } from "./group_mean.js";
import { setKeys } from "./keys.js";
import { isDark, lineColor } from "./palette.js";
import { ParallelPanel } from "./parallel.js";
import { axisSeries } from "./run.js";
import { namesOf } from "./run_columns.js";
import { normalize } from "./run_store.js";
import { ScatterPanel } from "./scatter.js";
import { state } from "./state.js";
import { isLive, titleOf } from "./status.js";
import { named } from "./widgets.js";

const TABS = [
  ["charts", "Charts"],
  ["scatter", "Scatter"],
  ["parallel", "Parallel"],
  ["diff", "Differences"],
];

export class CompareView {
  constructor(go) {
    Object.assign(this, { go, rows: [], abort: new AbortController(), keys: [] });
    this.group = new ChartGroup();
    this.group.onChange = () => this.loadAxis();
    const shape = { name: () => state.get("mean"), change: (series) => this.shape(series) };
    this.sections = new ChartSections(this.group, (pattern) => manyRuns(() => this.lineRuns(), pattern, this.abort.signal, shape));
    this.bar = new ChartBar(this.group, (text) => this.sections.setFilter(text), state.get("charts"));
    this.mean = h("select", { "aria-label": "Mean over", onchange: () => this.setMean(this.mean.value) });
    this.bar.element.append(named("Mean over", this.mean));
    this.table = new CompareTable(() => this.draw(), go);
    this.panels = { scatter: new ScatterPanel(go), parallel: new ParallelPanel(go), diff: new DiffPanel(this.abort.signal) };
    this.build();
    setKeys("Compare", this.tabKeys());
    setKeys("Charts", this.bar.keys());
    document.title = "Compare \u00b7 Guild View";
  }

  build() {
    this.tabs = TABS.map(([name, title]) =>
      h("button", { class: "tab", role: "tab", id: "tab-" + name, dataset: { tab: name }, onclick: () => this.setTab(name) }, title),
    );
    this.charts = h("div", { dataset: { component: "series" } }, this.bar.element, this.sections.element);
    this.stage = h("div", { class: "compare-stage", role: "tabpanel" });
    this.nothing = h(
      "div",
      { class: "card empty" },
      h("p", {}, "No runs are chosen."),
      h("p", {}, h("a", { href: "/runs" }, "Choose some in the table of runs"), ", with a click or with x."),
    );
    this.element = h(
      "main",
      { class: "compare-page" },
      this.nothing,
      this.table.element,
      h("div", { class: "compare-tabs", role: "tablist", "aria-label": "Compare by", onkeydown: (event) => this.onTabKey(event) }, this.tabs),
      this.stage,
    );
  }

  tabKeys() {
    return [
      ...TABS.map(([name, title], i) => [String(i + 1), title.toLowerCase(), () => this.setTab(name)]),
      ["m", "mean over the next flag", () => this.nextMean()],
      ["d", "only differences in the table", () => this.table.toggleDiffers()],
      ["r", "back to the table of runs", () => this.go("/runs" + choice.query())],
    ];
  }

  destroy() {
    this.abort.abort();
    this.group.destroy();
    setKeys("Compare", null);
    setKeys("Charts", null);
  }

  redraw() {
    this.draw();
    this.group.redraw();
  }

  // ---- data -----------------------------------------------------------------------

  async refresh(project) {
    const ids = choice.list();
    this.project = project;
    const kept = new Map(this.rows.map((row) => [row.id, row]));
    const rows = await Promise.all(
      ids.map((id) => (kept.get(id) && !isLive(kept.get(id)) && this.fieldsSeen === project.fields ? kept.get(id) : this.loadRun(id))),
    );
    this.fieldsSeen = project.fields;
    const found = rows.filter(Boolean);
    const isNew = found.length !== this.rows.length || found.some((row, i) => row !== this.rows[i]);
    this.rows = found;
    if (isNew || !this.drawn) {
      this.draw();
    } else if (this.tab() === "charts") {
      found.some(isLive) ? this.sections.refresh() : this.sections.retry();
    }
  }

  isLive() {
    return this.rows.some((row) => row.status === "running");
  }

  /** One run with all that a table of runs has; null if it was deleted. The same object while nothing changed. */
  async loadRun(id) {
    const { signal } = this.abort;
    try {
      const answers = await Promise.all([
        api.run(id, signal),
        api.fields(id, signal),
        api.flags(id, signal),
        api.attrs(id, signal),
        api.series(id, signal),
      ]);
      const old = this.rows.find((row) => row.id === id);
      if (old && old.answers.every((each, i) => each === answers[i])) {
        return old;
      }
      const [run, fields, flags, attrs, series] = answers;
      const pairs = (list) => Object.fromEntries(list.map(({ name, value }) => [name, value]));
      return {
        ...normalize({ ...run, fields: fields.fields, flags: pairs(flags.flags), attrs: pairs(attrs.attrs) }, this.project.fields),
        answers,
        keys: series.series.map((one) => one.key),
      };
    } catch (error) {
      if (error.status === 404) {
        return null;
      }
      throw error;
    }
  }

  /** The runs whose lines are shown, in the order of their colours; the baseline is drawn thicker. */
  lineRuns() {
    const hidden = choice.hidden();
    return this.rows
      .filter((row) => !hidden.includes(row.id))
      .map((row) => ({ id: row.id, name: this.nameOf(row), color: choice.color(row.id), wide: choice.baseline() === row.id }));
  }

  /** Runs of one name are told apart by the flags that differ, else by their ids. */
  nameOf(row) {
    const title = titleOf(row);
    if (this.rows.filter((each) => titleOf(each) === title).length < 2) {
      return title;
    }
    const flags = this.varying || [];
    const words = flags
      .slice(0, 2)
      .filter((name) => row.flags[name] !== undefined)
      .map((name) => name + "=" + row.flags[name]);
    return title + " " + (words.length ? words.join(" ") : row.id.slice(0, 16));
  }

  // ---- mean over groups -------------------------------------------------------------

  setMean(name) {
    state.set({ mean: name });
    this.draw();
  }

  nextMean() {
    this.mean.selectedIndex = (this.mean.selectedIndex + 1) % this.mean.options.length;
    this.setMean(this.mean.value);
  }

  shape(series) {
    const name = state.get("mean");
    if (!name) {
      return series;
    }
    const valueOf = (id) => {
      const row = this.rows.find((each) => each.id === id);
      return name === "*" ? "all" : name + "=" + ((row && row.flags[name]) ?? "--");
    };
    const values = [...new Set(this.rows.map((row) => valueOf(row.id)))];
    return groupMeans(series, (id) => ({ name: valueOf(id), color: lineColor(values.indexOf(valueOf(id)), isDark()) }));
  }

  drawMean() {
    const names = [["", "No groups"], ["*", "All runs"], ...this.varying.map((name) => [name, name])];
    const stamp = JSON.stringify(names);
    if (stamp !== this.meanStamp) {
      this.meanStamp = stamp;
      fill(
        this.mean,
        names.map(([value, text]) => h("option", { value }, text)),
      );
    }
    this.mean.value = state.get("mean");
  }

  async loadAxis() {
    const { axis } = this.group.options;
    if (axis !== this.axisSeen) {
      this.axisSeen = axis;
      this.group.others = await axisSeries(
        this.rows.map((row) => row.id),
        axis,
        this.abort.signal,
      );
      this.group.redraw();
      this.sections.refresh();
    }
  }

  // ---- drawing --------------------------------------------------------------------

  tab() {
    return state.get("tab", "charts");
  }

  /** Arrows go from tab to tab, as people who use screen readers expect. */
  onTabKey(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) {
      const next = this.tabs[(this.tabs.indexOf(event.target) + by + this.tabs.length) % this.tabs.length];
      next.focus();
      this.setTab(next.dataset.tab);
      event.preventDefault();
    }
  }

  setTab(name) {
    state.set({ tab: name === "charts" ? null : name });
    this.draw();
  }

  draw() {
    if (!this.project) {
      return;
    }
    this.drawn = true;
    const chosen = choice.list();
    this.rows = this.rows.filter((row) => chosen.includes(row.id));
    this.varying = [...namesOf(this.rows, "flags")].filter(([, values]) => values.size > 1).map(([name]) => name);
    const isEmpty = this.rows.length === 0;
    this.nothing.hidden = !isEmpty;
    this.element.classList.toggle("bare", isEmpty);
    this.table.show(this.rows, this.project);
    const tab = this.tab();
    this.tabs.forEach((button) => {
      button.classList.toggle("current", button.dataset.tab === tab);
      button.setAttribute("aria-selected", String(button.dataset.tab === tab));
    });
    this.stage.setAttribute("aria-labelledby", "tab-" + tab);
    const panel = tab === "charts" ? this.charts : this.panels[tab].element;
    if (this.stage.firstChild !== panel) {
      fill(this.stage, panel);
    }
    if (tab === "charts") {
      this.drawCharts();
    } else {
      this.panels[tab].show(
        this.rows.filter((row) => !choice.hidden().includes(row.id)),
        this.project,
      );
    }
  }

  drawCharts() {
    const keys = [...new Set(this.rows.flatMap((row) => row.keys))].sort();
    this.drawMean();
    this.bar.setAxes(keys);
    this.sections.update(this.project.series, keys);
    this.loadAxis();
  }
}
