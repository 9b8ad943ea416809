// statistics.js - every series of a run with its numbers; a click opens a chart.

import { h, fill, setText } from "./dom.js";
import { formatGeneral, formatNumber, NOTHING, recordedFormat, toNumber } from "./format.js";
import { state } from "./state.js";
import { cardHead, moreButton, searchBox, spring, tableHead } from "./widgets.js";

const FIRST = 200;

export class Statistics {
  /** onToggle(key): shows or hides a chart; isOpen(key). */
  constructor(onToggle, isOpen) {
    Object.assign(this, { onToggle, isOpen, rows: [], limit: FIRST });
    const type = () => {
      state.set({ stats: this.filter.value });
      this.render();
    };
    this.filter = searchBox("Filter series", "Filter", type, { value: state.get("stats") });
    this.note = h("span", { class: "dim" });
    this.body = h("tbody", {});
    this.rest = moreButton(() => {
      this.limit = Infinity;
      this.render();
    });
    const head = tableHead(["Series", "Last", "Min", "Max", "Points"], (i) => i > 0);
    // On narrow screens style makes blocks of rows and cells: the roles stay.
    head.firstChild.setAttribute("role", "row");
    [...head.firstChild.children].forEach((cell) => cell.setAttribute("role", "columnheader"));
    this.element = h(
      "section",
      { class: "card", dataset: { component: "statistics" } },
      cardHead("Statistics", this.note, spring(), this.filter),
      h("div", { class: "table-box" }, h("table", { class: "table stats", role: "table" }, head, this.body), this.rest),
    );
  }

  show(rows) {
    if (rows !== this.rows) {
      this.rows = rows;
      this.render();
    }
  }

  render() {
    const wanted = this.filter.value.toLowerCase();
    const rows = this.rows.filter((row) => row.key.toLowerCase().includes(wanted));
    setText(this.note, this.rows.length + " series");
    fill(
      this.body,
      rows.slice(0, this.limit).map((row) => this.row(row)),
      rows.length
        ? null
        : h("tr", {}, h("td", { colspan: "5", class: "empty" }, this.rows.length ? "no series contains this text" : "no series")),
    );
    this.rest.hidden = rows.length <= this.limit;
    setText(this.rest, "Show " + (rows.length - this.limit) + " more");
  }

  row(row) {
    const open = this.isOpen(row.key);
    const number = (value) => h("td", { class: "number", role: "cell", title: value }, value === null ? NOTHING : text(row.key, toNumber(value)));
    return h(
      "tr",
      { class: open ? "open" : "", role: "row" },
      h(
        "td",
        { role: "cell" },
        h(
          "button",
          {
            class: "link",
            "aria-pressed": String(open),
            title: "Show or hide a chart of this series among the first",
            onclick: () => {
              this.onToggle(row.key);
              this.render();
            },
          },
          row.key,
        ),
      ),
      number(row.last),
      number(row.min),
      number(row.max),
      h("td", { class: "number", role: "cell" }, formatGeneral(row.count), special(row)),
    );
  }
}

function special(row) {
  const words = [row.nan ? row.nan + " NaN" : "", row.inf ? row.inf + " inf" : ""].filter(Boolean).join(", ");
  return words ? h("span", { class: "bad" }, " " + words) : null;
}

function text(key, value) {
  const format = recordedFormat(key);
  return format ? formatNumber(value, format) : formatGeneral(value);
}
