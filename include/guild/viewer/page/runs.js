// runs.js - the table of all runs, and the list of runs beside a run.

import { h, fill, setText } from "./dom.js";
import { fieldText, formatAgo, formatTime, NOTHING, toNumber } from "./format.js";
import { durationText, statusPill } from "./run.js";

/** The list at the left of a run: newest first, the shown one marked. */
export class RunRail {
  constructor() {
    this.list = h("nav", { class: "rail-list", "aria-label": "Runs" });
    this.count = h("span", { class: "dim" });
    this.element = h("aside", { class: "rail" }, h("header", { class: "rail-head" }, h("h2", {}, "Runs"), this.count), this.list);
  }

  show(runs, total, current) {
    const now = Date.now() * 1000;
    const stamp = JSON.stringify([runs, current, Math.floor(now / 1e7)]);
    if (stamp === this.stamp) {
      return;
    }
    this.stamp = stamp;
    setText(this.count, String(total));
    fill(this.list, runs.map((run) => {
      const headline = (run.fields || []).find((field) => field.value !== null);
      return h("a", { class: "rail-item" + (run.id === current ? " current" : ""), href: "/runs/" + encodeURIComponent(run.id), title: run.id,
        "aria-current": run.id === current ? "page" : null },
      h("span", { class: "dot status-" + run.status, title: run.status }),
      h("span", { class: "rail-text" }, h("span", { class: "rail-name" }, run.name),
        h("span", { class: "dim" }, run.started_us ? formatAgo(run.started_us, now) : run.status)),
      headline ? h("span", { class: "rail-value", title: headline.label }, fieldText(headline)) : null);
    }), runs.length ? null : h("div", { class: "empty" }, "no runs yet"));
  }
}

/** The table of all runs: sorted by a click on a head, filtered by text. */
export class RunsView {
  constructor() {
    this.sort = { name: "started", down: true };
    this.runs = [];
    this.fields = [];
    this.filter = h("input", { type: "search", class: "filter", placeholder: "Filter runs", "aria-label": "Filter runs", oninput: () => this.render() });
    this.hide = h("input", { type: "checkbox", onchange: () => this.render() });
    this.note = h("span", { class: "dim" });
    this.head = h("tr", {});
    this.body = h("tbody", {});
    this.element = h("main", { class: "runs-page" }, h("section", { class: "card" },
      h("header", { class: "card-head" }, h("h3", {}, "Runs"), this.note, h("span", { class: "spring" }),
        h("label", { class: "check" }, this.hide, "Hide failed"), this.filter),
      h("div", { class: "table-box" }, h("table", { class: "table runs" }, h("thead", {}, this.head), this.body))));
    document.title = "Runs \u00b7 Guild View";
  }

  destroy() {}

  redraw() {}

  show(answer, project) {
    this.runs = answer.runs;
    this.total = answer.total;
    this.fields = project.fields;
    this.render();
  }

  columns() {
    const now = Date.now() * 1000;
    const field = (run, name) => (run.fields || []).find((one) => one.name === name);
    return [
      { name: "status", title: "Status", key: (run) => run.status, cell: (run) => statusPill(run.status) },
      { name: "name", title: "Name", key: (run) => run.name, cell: (run) => h("a", { href: "/runs/" + encodeURIComponent(run.id) }, run.name) },
      { name: "id", title: "Run", key: (run) => run.id, cell: (run) => h("code", {}, run.id) },
      { name: "started", title: "Started", key: (run) => run.started_us || 0,
        cell: (run) => h("span", { title: run.started_us ? formatTime(run.started_us) : "" }, run.started_us ? formatAgo(run.started_us, now) : NOTHING) },
      { name: "duration", title: "Duration", number: true, key: (run) => (run.stopped_us || now) - (run.started_us || now), cell: (run) => durationText(run, now) },
      ...this.fields.map((one) => ({ name: "field:" + one.name, title: one.label, number: true,
        key: (run) => {
          const value = toNumber((field(run, one.name) || {}).value);
          return Number.isNaN(value) ? -Infinity : value;
        },
        cell: (run) => fieldText(field(run, one.name) || { text: NOTHING }) })),
    ];
  }

  render() {
    const columns = this.columns();
    const wanted = this.filter.value.toLowerCase();
    const by = columns.find((column) => column.name === this.sort.name) || columns[3];
    const sign = this.sort.down ? -1 : 1;
    const rows = this.runs.filter((run) => (run.name + " " + run.id + " " + run.status).toLowerCase().includes(wanted))
      .filter((run) => !this.hide.checked || ["completed", "running", "pending"].includes(run.status));
    rows.sort((a, b) => sign * (by.key(a) < by.key(b) ? -1 : by.key(a) > by.key(b) ? 1 : 0));
    setText(this.note, this.total > this.runs.length ? "newest " + this.runs.length + " of " + this.total : String(this.total || ""));
    fill(this.head, columns.map((column) => h("th", { scope: "col", class: column.number ? "number" : "",
      "aria-sort": column === by ? (this.sort.down ? "descending" : "ascending") : null },
    h("button", { class: "sort" + (column === by ? (this.sort.down ? " down" : " up") : ""), onclick: () => this.sortBy(column.name) }, column.title))));
    fill(this.body, rows.map((run) => h("tr", { dataset: { run: run.id } }, columns.map((column) => h("td", { class: column.number ? "number" : "" }, column.cell(run))))),
      rows.length ? null : h("tr", {}, h("td", { class: "empty", colspan: String(columns.length) }, this.runs.length ? "no run matches" : "no runs yet: try guild train")));
  }

  sortBy(name) {
    this.sort = { name, down: this.sort.name === name ? !this.sort.down : name === "started" };
    this.render();
  }
}
