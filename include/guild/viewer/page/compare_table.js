// compare_table.js - the chosen runs as a table that is the charts' legend; cells that differ are marked.

import { choice } from "./choice.js";
import { h, fill, icon } from "./dom.js";
import { formatGeneral, formatNumber } from "./format.js";
import { legendCell } from "./legend_cell.js";
import { attrColumn, DURATION, STATUS, fieldColumn, flagColumn, namesOf } from "./run_columns.js";
import { state } from "./state.js";
import { titleOf } from "./status.js";
import { spring } from "./widgets.js";

export class CompareTable {
  constructor(changed, go) {
    Object.assign(this, { changed, go });
    this.only = h("input", { type: "checkbox", checked: state.get("differ") === "1", onchange: () => this.setDiffers() });
    this.head = h("thead", {});
    this.body = h("tbody", {});
    this.element = h(
      "section",
      { class: "card", dataset: { component: "compare" } },
      h(
        "header",
        { class: "card-head" },
        h("h3", {}, "Runs"),
        spring(),
        h("label", { class: "check" }, this.only, "Only differences"),
        h("a", { class: "quiet", href: "/runs" }, "Choose runs"),
      ),
      h("div", { class: "table-box" }, h("table", { class: "table compare" }, this.head, this.body)),
    );
  }

  setDiffers() {
    state.set({ differ: this.only.checked });
    this.changed();
  }

  toggleDiffers() {
    this.only.checked = !this.only.checked;
    this.setDiffers();
  }

  /** The project's [compare] columns, else all fields and the flags that vary. */
  columns(rows, project) {
    const named = (project.compare || [])
      .map((name) =>
        name.startsWith("flags/")
          ? flagColumn(name.slice(6), rows)
          : name.startsWith("attrs/")
            ? attrColumn(name.slice(6), rows)
            : project.fields.filter((field) => field.name === name).map((field) => fieldColumn(field, rows))[0],
      )
      .filter(Boolean);
    if (named.length) {
      return named;
    }
    return [
      ...project.fields.map((field) => fieldColumn(field, rows)),
      ...[...namesOf(rows, "flags")].filter(([, values]) => values.size > 1 || rows.length < 2).map(([name]) => flagColumn(name, rows)),
    ];
  }

  show(rows, project) {
    this.element.hidden = rows.length === 0;
    this.element.querySelector("a.quiet").href = "/runs" + choice.query();
    const pinned = choice.pinned();
    const sorted = [...rows.filter((row) => pinned.includes(row.id)), ...rows.filter((row) => !pinned.includes(row.id))];
    const base = rows.find((row) => row.id === choice.baseline()) || null;
    const fixed = [STATUS, DURATION];
    const all = [...fixed, ...this.columns(rows, project)].map((column) => ({
      ...column,
      differs: new Set(rows.map((row) => column.text(row))).size > 1,
    }));
    const columns = this.only.checked ? all.filter((column) => column.differs) : all;
    fill(
      this.head,
      h(
        "tr",
        {},
        h("th", { scope: "col", class: "choice" }, h("span", { class: "unseen" }, "Legend")),
        h("th", { scope: "col" }, "Name"),
        columns.map((column) =>
          h("th", { scope: "col", class: (column.number ? "number" : "") + (column.differs ? " differs" : "") }, column.title),
        ),
        h("th", {}, h("span", { class: "unseen" }, "Remove")),
      ),
    );
    fill(
      this.body,
      sorted.map((row) => this.row(row, columns, base)),
    );
  }

  row(row, columns, base) {
    const isHidden = choice.hidden().includes(row.id);
    return h(
      "tr",
      {
        class: (isHidden ? "hidden-run" : "") + (base === row ? " baseline" : ""),
        dataset: { run: row.id },
        tabindex: "0",
        onkeydown: (event) => this.onKey(event, row),
      },
      h(
        "td",
        { class: "choice" },
        legendCell(row, this.changed, () => this.remove(row)),
      ),
      h("th", { scope: "row" }, h("a", { href: "/runs/" + encodeURIComponent(row.id), title: row.id }, titleOf(row))),
      columns.map((column) =>
        h(
          "td",
          { class: (column.number ? "number" : "") + (column.differs ? " differs" : "") },
          column.cell(row),
          delta(column, row, base),
        ),
      ),
      h(
        "td",
        { class: "tight" },
        h(
          "button",
          {
            class: "quiet square",
            "aria-label": "Take out",
            title: "Take out of the comparison (Delete)",
            onclick: () => this.remove(row),
          },
          icon("close"),
        ),
      ),
    );
  }

  remove(row) {
    choice.toggle(row.id);
    this.changed();
  }

  onKey(event, row) {
    const rows = [...this.body.children];
    const at = rows.findIndex((each) => each.dataset.run === row.id);
    const act = {
      e: () => choice.flip("hide", row.id),
      p: () => choice.flip("pin", row.id),
      b: () => choice.flipBaseline(row.id),
      Delete: () => choice.toggle(row.id),
    }[event.key];
    const next = rows[at + ({ ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key] || NaN)];
    if (event.target.tagName !== "TR" || event.ctrlKey || event.altKey || event.metaKey || (!act && !next && event.key !== "Enter")) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (act) {
      act();
      this.changed();
      const again = [...this.body.children].find((each) => each.dataset.run === row.id) || this.body.firstElementChild;
      again && again.focus();
    } else if (next) {
      next.focus();
    } else {
      this.go("/runs/" + encodeURIComponent(row.id));
    }
  }
}

/** How far a number is from the baseline's. */
function delta(column, row, base) {
  if (!base || base === row || !column.numberOf || column.kind !== "field") {
    return null;
  }
  const by = column.numberOf(row) - column.numberOf(base);
  if (!Number.isFinite(by) || by === 0) {
    return null;
  }
  const text = by < 0 ? "\u2212" : "+";
  const percent = column.text(row).includes("%");
  return h(
    "span",
    { class: "delta" },
    " " + text + (percent ? formatNumber(Math.abs(by), "0.00%") : formatGeneral(Number(Math.abs(by).toPrecision(3)))),
  );
}
