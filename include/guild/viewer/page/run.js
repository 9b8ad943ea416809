// run.js - the page of one run: status, fields, charts, output, flags, attributes, statistics.

import { ApiError, api } from "./api.js";
import { Chart, ChartGroup } from "./chart.js";
import { h, fill, icon, setText } from "./dom.js";
import { fieldText, formatAgo, formatGeneral, formatNumber, formatSpan, formatTime, NOTHING, recordedFormat, toNumber } from "./format.js";
import { OutputPanel } from "./output.js";
import { isDark, materialColor, readableTone } from "./palette.js";

const TITLES = { running: "Running", completed: "Completed", terminated: "Terminated", error: "Error", pending: "Pending", lost: "Lost" };

/** Whether a run can still change. */
export function isLive(run) {
  return run.status === "running" || run.status === "pending" || run.status === "lost";
}

/** The coloured word for a run's status. */
export function statusPill(status) {
  return h("span", { class: "pill status-" + status, dataset: { status } }, h("span", { class: "pulse" }), TITLES[status] || status);
}

/** How long the run took, or takes so far. */
export function durationText(run, nowUs) {
  if (!run.started_us) {
    return NOTHING;
  }
  const end = run.stopped_us || (run.status === "running" ? nowUs : null);
  return end ? formatSpan(Math.max(0, end - run.started_us)) : NOTHING;
}

export class RunView {
  constructor(id) {
    this.id = id;
    this.run = null;
    this.settled = null;
    this.charts = new Map();
    this.extra = new Map();
    this.cards = new Map();
    this.group = new ChartGroup();
    this.abort = new AbortController();
    this.message = h("div", {});
    this.head = h("header", { class: "run-head" });
    this.fields = h("div", { class: "fields", dataset: { component: "fields" } });
    this.chartGrid = h("div", { class: "charts" });
    this.chartBar = this.makeChartBar();
    this.seriesBox = h("div", { dataset: { component: "series" } }, this.chartBar, this.chartGrid);
    this.flags = new Pairs("Flags", "flags", "no flags were given");
    this.attrs = new Pairs("Attributes", "attrs", "no attributes were recorded", attributeText);
    this.output = new OutputPanel();
    this.stats = new Statistics((key) => this.toggleExtra(key));
    this.lead = h("div", { class: "lead" });
    this.content = h("div", { class: "content" });
    this.sidebar = h("aside", { class: "sidebar" });
    this.element = h("main", { class: "run-page" }, this.message, this.head, this.lead,
      h("div", { class: "columns" }, this.content, this.sidebar),
      this.stats.element);
  }

  destroy() {
    this.abort.abort();
    [...this.charts.values(), ...this.extra.values()].forEach((chart) => chart.destroy());
  }

  redraw() {
    this.group.redraw();
    if (this.project) {
      this.drawCards(this.project);
    }
  }

  /** Brings everything up to date; a finished run is read once, until the project file changes. */
  async refresh(project) {
    const signal = this.abort.signal;
    let run;
    try {
      run = await api.run(this.id, signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) {
        this.showDeleted();
        return;
      }
      throw error;
    }
    fill(this.message);
    this.element.classList.remove("gone");
    this.run = run;
    this.project = project;
    this.arrange(project);
    this.drawHead();
    this.drawCards(project);
    const stamp = JSON.stringify([run.status, run.stopped_us, project.fields, project.series]);
    if (!isLive(run) && this.settled === stamp) {
      return;
    }
    await Promise.all([this.loadFields(signal), this.loadCharts(project, signal), this.loadPairs(signal),
      this.stats.refresh(this.id, signal), this.output.refresh(this.id, signal)]);
    this.settled = stamp;
  }

  showDeleted() {
    this.settled = null;
    this.element.classList.add("gone");
    const known = this.run !== null;
    fill(this.message, h("div", { class: "banner", role: "alert", dataset: { banner: "deleted" } }, icon("warning"),
      h("div", {}, h("b", {}, known ? "This run was deleted." : "There is no run called " + this.id + "."),
        h("p", {}, known ? "What was read before is shown below; it is no longer on disk." : "It may have been deleted. ",
          h("a", { href: "/runs" }, "See all runs")))));
  }

  // ---- head, cards ------------------------------------------------------------

  /** Places the components as the project's [train-view] orders them; cards that come first take the full width. */
  arrange(project) {
    const parts = { fields: this.fields, series: this.seriesBox, output: this.output.element, flags: this.flags.element, attrs: this.attrs.element };
    const place = (box, names) => {
      const wanted = names.map((name) => parts[name]).filter(Boolean);
      if (wanted.length !== box.children.length || wanted.some((part, i) => box.children[i] !== part)) {
        fill(box, wanted);
      }
    };
    const content = project.content || ["fields", "series", "output"];
    const wide = content[0] === "fields";
    place(this.lead, wide ? ["fields"] : []);
    place(this.content, wide ? content.slice(1) : content);
    place(this.sidebar, project.sidebar || ["flags", "attrs"]);
  }

  drawHead() {
    const run = this.run;
    const now = Date.now() * 1000;
    const stamp = JSON.stringify([run, Math.floor(now / 1e6)]);
    if (stamp === this.headStamp) {
      return;
    }
    this.headStamp = stamp;
    const facts = [["Started", run.started_us ? formatTime(run.started_us) : NOTHING, run.started_us ? formatAgo(run.started_us, now) : ""],
      [run.status === "running" ? "Running for" : "Duration", durationText(run, now), ""]];
    if (run.exit_code !== null && run.exit_code !== undefined && run.exit_code !== 0) {
      facts.push(["Exit code", String(run.exit_code), ""]);
    }
    fill(this.head, h("div", { class: "run-title" }, h("h1", {}, run.name), statusPill(run.status),
      run.cause ? h("span", { class: "cause" }, run.cause) : null),
    h("div", { class: "run-facts" }, h("code", { class: "run-id", title: run.path }, run.id),
      facts.map(([name, value, more]) => h("span", { class: "fact" }, h("span", { class: "dim" }, name + " "), value, more ? h("span", { class: "dim" }, " (" + more + ")") : null))),
    run.command && run.command.length ? h("code", { class: "command", title: "Command" }, run.command.join(" ")) : null);
    document.title = run.name + " \u00b7 " + (TITLES[run.status] || run.status) + " \u00b7 Guild View";
  }

  async loadFields(signal) {
    this.drawFields((await api.fields(this.id, signal)).fields);
  }

  /** One card per field of the project, `--` until there is a value. */
  drawCards(project) {
    const stamp = JSON.stringify([project.fields, isDark()]);
    if (stamp !== this.cardStamp) {
      this.cardStamp = stamp;
      this.cards.clear();
      fill(this.fields, project.fields.map((field) => {
        const value = h("div", { class: "field-value" }, NOTHING);
        const card = h("section", { class: "card field", dataset: { field: field.name }, title: field.source },
          h("div", { class: "field-body" }, h("div", { class: "field-icon" }, icon(field.icon)),
            h("div", { class: "field-text" }, value, h("div", { class: "field-label" }, field.label))));
        const color = materialColor(field.color);
        if (color) {
          card.style.setProperty("--hue", color);
          card.style.setProperty("--tone", readableTone(color, isDark()));
        }
        this.cards.set(field.name, { card, value });
        return card;
      }));
      this.drawFields(this.lastFields || []);
    }
  }

  drawFields(fields) {
    this.lastFields = fields;
    for (const field of fields) {
      const card = this.cards.get(field.name);
      if (card) {
        setText(card.value, fieldText(field));
        card.card.title = field.text + ", " + (field.key ? (field.reduce || "last") + " of " + field.key : field.source);
      }
    }
  }

  async loadPairs(signal) {
    const [flags, attrs] = await Promise.all([api.flags(this.id, signal), api.attrs(this.id, signal)]);
    this.flags.show(flags.flags);
    this.attrs.show(attrs.attrs);
  }

  // ---- charts -----------------------------------------------------------------

  makeChartBar() {
    const option = (name, title) => h("option", { value: name }, title);
    const axis = h("select", { "aria-label": "Horizontal axis", onchange: (event) => this.group.set({ axis: event.target.value }) },
      option("step", "Step"), option("relative", "Relative time"), option("wall", "Wall time"));
    const amount = h("output", {}, "0");
    const slider = h("input", { type: "range", min: "0", max: "0.99", step: "0.01", value: "0", "aria-label": "Smoothing",
      oninput: (event) => {
        setText(amount, event.target.value);
        this.group.set({ smoothing: Number(event.target.value) });
      } });
    const log = h("input", { type: "checkbox", onchange: (event) => this.group.set({ log: event.target.checked }) });
    return h("div", { class: "chart-bar" }, h("label", {}, h("span", { class: "dim" }, "Axis"), axis),
      h("label", {}, h("span", { class: "dim" }, "Smoothing"), slider, amount), h("label", { class: "check" }, log, "Log scale"));
  }

  async loadCharts(project, signal) {
    const specs = project.series;
    const wanted = new Map(specs.map((spec) => [JSON.stringify(spec), spec]));
    for (const [key, chart] of this.charts) {
      if (!wanted.has(key)) {
        chart.destroy();
        this.charts.delete(key);
      }
    }
    for (const [key, spec] of wanted) {
      if (!this.charts.has(key)) {
        this.charts.set(key, this.makeChart(spec));
      }
    }
    const all = [...wanted.keys()].map((key) => this.charts.get(key)).concat([...this.extra.values()]);
    await Promise.all(all.map((chart) => this.loadChart(chart, signal)));
    const shown = all.filter((chart) => !chart.spec.extra || chart.series.length > 0);
    if (shown.length !== this.chartGrid.children.length || shown.some((chart, i) => this.chartGrid.children[i] !== chart.element)) {
      fill(this.chartGrid, shown.map((chart) => chart.element));
    }
    this.chartBar.hidden = shown.length === 0;
  }

  makeChart(spec) {
    const chart = new Chart(spec, this.group, () => this.loadChart(chart, this.abort.signal).catch(() => {}));
    return chart;
  }

  /** A zoomed chart asks for its range alone, so that it gets every point there. */
  async loadChart(chart, signal) {
    const columns = Math.min(2000, Math.max(200, Math.ceil((chart.plot.clientWidth || 600) / 2 / 50) * 50));
    const range = chart.zoom && this.group.options.axis === "step"
      ? [Math.floor(chart.zoom[0]), Math.ceil(chart.zoom[1])] : null;
    const pattern = chart.spec.source.replace(/^series\//, "");
    let answer;
    try {
      answer = await api.data(this.id, pattern, columns, range, signal);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 400) {
        throw error;
      }
      chart.fail(error.message);
      return;
    }
    chart.setSeries(answer.series.map((one) => ({ key: one.key, count: one.count, steps: Float64Array.from(one.steps, toNumber),
      times_us: Float64Array.from(one.times_us, toNumber), values: Float64Array.from(one.values, toNumber) })));
  }

  /** Shows or hides the chart of one series that was clicked in the statistics. */
  async toggleExtra(key) {
    const old = this.extra.get(key);
    if (old) {
      old.destroy();
      old.element.remove();
      this.extra.delete(key);
    } else {
      const chart = this.makeChart({ name: key, title: key, label: "", format: recordedFormat(key), source: "series/" + key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") });
      this.extra.set(key, chart);
      await this.loadChart(chart, this.abort.signal);
      this.chartGrid.append(chart.element);
      this.chartBar.hidden = false;
      chart.element.scrollIntoView({ block: "nearest" });
      chart.draw();
    }
    this.stats.mark(this.extra);
  }
}

/** A card with two columns of text: flags, attributes. */
class Pairs {
  constructor(title, name, nothing, textOf = (_, value) => value) {
    this.nothing = nothing;
    this.textOf = textOf;
    this.body = h("div", { class: "pairs" });
    this.element = h("section", { class: "card", dataset: { component: name } }, h("header", { class: "card-head" }, h("h3", {}, title)), this.body);
    this.show([]);
  }

  show(pairs) {
    const stamp = JSON.stringify(pairs);
    if (stamp === this.stamp) {
      return;
    }
    this.stamp = stamp;
    fill(this.body, pairs.length ? h("dl", {}, pairs.map(({ name, value }) => h("div", { class: "pair" }, h("dt", {}, name), h("dd", { title: value }, this.textOf(name, value)))))
      : h("div", { class: "empty" }, this.nothing));
  }
}

function statisticText(key, value) {
  const format = recordedFormat(key);
  return format ? formatNumber(value, format) : formatGeneral(value);
}

/** An attribute that is a number of bytes in the unit that fits; any other text as it is. */
function attributeText(name, value) {
  const format = recordedFormat(name);
  return format && /^\d+$/.test(value) ? formatNumber(Number(value), format) : value;
}

/** Every series of the run with its numbers; a click opens a chart. */
class Statistics {
  constructor(onToggle) {
    this.onToggle = onToggle;
    this.rows = [];
    this.open = new Map();
    this.filter = h("input", { type: "search", class: "filter", placeholder: "Filter", "aria-label": "Filter series", oninput: () => this.render() });
    this.note = h("span", { class: "dim" });
    this.body = h("tbody", {});
    this.table = h("table", { class: "table stats" }, h("thead", {}, h("tr", {}, ["Series", "Last", "Min", "Max", "Points"]
      .map((name, i) => h("th", { scope: "col", class: i ? "number" : "" }, name)))), this.body);
    this.element = h("section", { class: "card", dataset: { component: "statistics" } }, h("header", { class: "card-head" },
      h("h3", {}, "Statistics"), this.note, h("span", { class: "spring" }), this.filter), h("div", { class: "table-box" }, this.table));
  }

  async refresh(id, signal) {
    this.rows = (await api.series(id, signal)).series;
    this.render();
  }

  mark(open) {
    this.open = open;
    this.render();
  }

  render() {
    const wanted = this.filter.value.toLowerCase();
    const rows = this.rows.filter((row) => row.key.toLowerCase().includes(wanted));
    setText(this.note, this.rows.length + " series");
    fill(this.body, rows.map((row) => h("tr", { class: this.open.has(row.key) ? "open" : "" },
      h("td", {}, h("button", { class: "link", title: "Show or hide a chart of this series", onclick: () => this.onToggle(row.key) }, row.key)),
      [row.last, row.min, row.max].map((value) => h("td", { class: "number", title: value }, value === null ? NOTHING : statisticText(row.key, toNumber(value)))),
      h("td", { class: "number" }, formatGeneral(row.count), row.nan || row.inf ? h("span", { class: "bad", title: row.nan + " NaN, " + row.inf + " infinite" }, " !") : null))),
    rows.length ? null : h("tr", {}, h("td", { colspan: "5", class: "empty" }, this.rows.length ? "no series contains this text" : "no series")));
  }
}
