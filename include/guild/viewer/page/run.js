// run.js - the page of one run: status, fields, charts, output, flags, attributes, files, statistics.

import { ApiError, api } from "./api.js";
import { ChartBar } from "./chart_bar.js";
import { ChartGroup } from "./chart_group.js";
import { ChartSections } from "./chart_sections.js";
import { oneRun } from "./chart_source.js";
import { h, fill, icon } from "./dom.js";
import { Files } from "./files.js";
import { formatAgo, formatTime, NOTHING } from "./format.js";
import { setKeys } from "./keys.js";
import { OutputPanel } from "./output.js";
import { attributeText, Pairs } from "./pairs.js";
import { FieldCards } from "./run_fields.js";
import { patternOf } from "./series_names.js";
import { state } from "./state.js";
import { Statistics } from "./statistics.js";
import { durationText, isLive, STATUS_TITLES, statusPill, titleOf } from "./status.js";

export class RunView {
  constructor(id) {
    Object.assign(this, { id, run: null, settled: null, abort: new AbortController() });
    const { signal } = this.abort;
    this.group = new ChartGroup();
    this.group.onChange = () => this.loadAxis();
    this.sections = new ChartSections(this.group, (pattern) => oneRun(id, pattern, signal));
    this.bar = new ChartBar(this.group, (text) => this.sections.setFilter(text), state.get("charts"));
    this.fields = new FieldCards();
    this.flags = new Pairs("Flags", "flags", "no flags were given");
    this.attrs = new Pairs("Attributes", "attrs", "no attributes were recorded", attributeText);
    this.output = new OutputPanel();
    this.files = new Files();
    this.stats = new Statistics(
      (key) => this.sections.pick(key),
      (key) => state.all("chart").includes(key),
    );
    this.build();
    setKeys("Charts", this.bar.keys());
    setKeys("Output", this.output.keys());
  }

  build() {
    this.message = h("div", {});
    this.head = h("header", { class: "run-head" });
    this.seriesBox = h("div", { dataset: { component: "series" } }, this.bar.element, this.sections.element);
    this.lead = h("div", { class: "lead" });
    this.content = h("div", { class: "content" });
    this.sidebar = h("aside", { class: "sidebar", "aria-label": "Details" });
    this.tail = h("div", { class: "tail" }, this.files.element, this.stats.element);
    this.element = h(
      "main",
      { class: "run-page" },
      this.message,
      this.head,
      this.lead,
      h("div", { class: "columns" }, this.content, this.sidebar),
      this.tail,
    );
  }

  destroy() {
    this.abort.abort();
    this.group.destroy();
    setKeys("Charts", null);
    setKeys("Output", null);
  }

  redraw() {
    this.group.redraw();
    if (this.project) {
      this.fields.arrange(this.project);
    }
  }

  /** Brings everything up to date; a finished run is read once, until the project file changes. */
  async refresh(project) {
    const { signal } = this.abort;
    const run = await api.run(this.id, signal).catch((error) => {
      if (error instanceof ApiError && error.status === 404) {
        return null;
      }
      throw error;
    });
    if (!run) {
      this.showDeleted();
      return;
    }
    fill(this.message);
    this.element.classList.remove("gone");
    Object.assign(this, { run, project });
    this.arrange(project);
    this.drawHead();
    this.fields.arrange(project);
    const stamp = JSON.stringify([run.status, run.stopped_us, project.fields, project.series]);
    if (isLive(run) || this.settled !== stamp) {
      await this.load(project, signal);
      this.settled = stamp;
    } else {
      this.sections.retry();
    }
  }

  async load(project, signal) {
    const [fields, flags, attrs, series] = await Promise.all([
      api.fields(this.id, signal),
      api.flags(this.id, signal),
      api.attrs(this.id, signal),
      api.series(this.id, signal),
      this.output.refresh(this.id, signal),
      this.files.refresh(this.id, signal),
      this.loadAxis(),
    ]);
    this.fields.show(fields.fields);
    this.flags.show(flags.flags);
    this.attrs.show(attrs.attrs);
    this.stats.show(series.series);
    const keys = series.series.map((one) => one.key);
    this.bar.setAxes(keys);
    this.bar.element.hidden = keys.length === 0 && project.series.length === 0;
    this.sections.update(project.series, keys);
  }

  /** When another series is the horizontal axis, its points are needed beside the charts'. */
  async loadAxis() {
    const { axis } = this.group.options;
    if (axis !== this.axisSeen || !["step", "relative", "wall"].includes(axis)) {
      this.axisSeen = axis;
      this.group.others = await axisSeries([this.id], axis, this.abort.signal);
      this.group.redraw();
      this.sections.refresh();
    }
  }

  showDeleted() {
    this.settled = null;
    this.element.classList.add("gone");
    const known = this.run !== null;
    fill(
      this.message,
      h(
        "div",
        { class: "banner", role: "alert", dataset: { banner: "deleted" } },
        icon("warning"),
        h(
          "div",
          {},
          h("b", {}, known ? "This run was deleted." : "There is no run called " + this.id + "."),
          h(
            "p",
            {},
            known ? "What was read before is shown below; it is no longer on disk." : "It may have been deleted. ",
            h("a", { href: "/runs" }, "See all runs"),
          ),
        ),
      ),
    );
    this.lead.hidden = this.content.hidden = this.sidebar.hidden = this.tail.hidden = !known;
  }

  isLive() {
    return this.run !== null && this.run.status === "running";
  }

  // ---- head ---------------------------------------------------------------------

  /** Places the components as the project's [train-view] orders them; cards that come first take the full width. */
  arrange(project) {
    const parts = {
      fields: this.fields.element,
      series: this.seriesBox,
      output: this.output.element,
      flags: this.flags.element,
      attrs: this.attrs.element,
    };
    const place = (box, names) => {
      const wanted = names.map((name) => parts[name]).filter(Boolean);
      if (wanted.length !== box.children.length || wanted.some((part, i) => box.children[i] !== part)) {
        fill(box, wanted);
      }
    };
    const content = project.content && project.content.length ? project.content : ["fields", "series", "output"];
    const wide = content[0] === "fields";
    place(this.lead, wide ? ["fields"] : []);
    place(this.content, wide ? content.slice(1) : content);
    place(this.sidebar, project.sidebar && project.sidebar.length ? project.sidebar : ["flags", "attrs"]);
    this.lead.hidden = this.content.hidden = this.sidebar.hidden = this.tail.hidden = false;
  }

  drawHead() {
    const { run } = this;
    const now = Date.now() * 1000;
    const stamp = JSON.stringify([run, Math.floor(now / 1e6)]);
    if (stamp === this.headStamp) {
      return;
    }
    this.headStamp = stamp;
    const facts = [
      ["Started", run.started_us ? formatTime(run.started_us) : NOTHING, run.started_us ? formatAgo(run.started_us, now) : ""],
      [run.status === "running" ? "Running for" : "Duration", durationText(run, now), ""],
    ];
    if (run.exit_code) {
      facts.push(["Exit code", String(run.exit_code), ""]);
    }
    fill(
      this.head,
      h(
        "div",
        { class: "run-title" },
        h("h1", {}, titleOf(run)),
        statusPill(run),
        run.cause ? h("span", { class: "cause" }, run.cause) : null,
      ),
      h("div", { class: "run-facts" }, h("code", { class: "run-id", title: run.path }, run.id), facts.map(fact)),
      run.command && run.command.length ? h("code", { class: "command", title: "Command", tabindex: "0" }, run.command.join(" ")) : null,
    );
    document.title = titleOf(run) + " \u00b7 " + (STATUS_TITLES[run.status] || run.status) + " \u00b7 Guild View";
  }
}

function fact([name, value, more]) {
  return h(
    "span",
    { class: "fact" },
    h("span", { class: "dim" }, name + " "),
    value,
    more ? h("span", { class: "dim" }, " (" + more + ")") : null,
  );
}

/** The points of the series that is the horizontal axis, by run; none for step and times. */
export async function axisSeries(ids, axis, signal) {
  const out = new Map();
  if (!["step", "relative", "wall"].includes(axis)) {
    await Promise.all(
      ids.map(async (id) => {
        const load = oneRun(id, patternOf(axis), signal);
        const [series] = await load({ axis: "step" }, 4000);
        if (series) {
          out.set(id, series);
        }
      }),
    );
  }
  return out;
}
