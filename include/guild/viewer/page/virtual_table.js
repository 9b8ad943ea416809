// virtual_table.js - a table of any number of rows, of which only those in sight are elements.
//
// A real table with roles: aria-rowcount and aria-rowindex tell where one is. One row has the focus; its keys are the owner's.

import { h, fill } from "./dom.js";

const ROW_HEIGHT = 36;
const MARGIN = 8;

export class VirtualTable {
  /** owner: {row(item) -> props of tr, groupCell(item), onKey(event, index), empty()}; label: for screen readers. */
  constructor(owner, label) {
    Object.assign(this, { owner, items: [], columns: [], first: -1, last: -1, cursor: 0, nodes: new Map() });
    this.cols = h("colgroup", {});
    this.head = h("tr", { "aria-rowindex": "1" });
    this.top = h("tr", { class: "space", "aria-hidden": "true" }, h("td", {}));
    this.bottom = h("tr", { class: "space", "aria-hidden": "true" }, h("td", {}));
    this.body = h("tbody", {});
    this.table = h(
      "table",
      { class: "table virtual", role: "grid", "aria-label": label, "aria-multiselectable": "true" },
      this.cols,
      h("thead", {}, this.head),
      this.body,
    );
    this.element = h("div", { class: "table-box virtual-box", onscroll: () => this.draw() }, this.table);
    this.body.addEventListener("keydown", (event) => this.onKey(event));
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.element);
  }

  destroy() {
    this.sizes.disconnect();
  }

  /** columns: [{name, title, width, number, head, cell(item)}]; head: an element in place of the title. */
  setColumns(columns) {
    this.columns = columns;
    fill(
      this.cols,
      columns.map((column) => {
        const col = h("col", {});
        col.style.width = column.width + "px";
        return col;
      }),
    );
    this.table.style.setProperty("--first-width", columns[0].width + "px");
    this.table.style.width = "max(100%, " + columns.reduce((sum, column) => sum + column.width, 0) + "px)";
    fill(
      this.head,
      columns.map((column) =>
        h(
          "th",
          {
            scope: "col",
            class: [column.number ? "number" : "", column.class || ""].join(" "),
            "aria-sort": column.sorted || null,
            dataset: { column: column.name },
          },
          column.head || column.title,
        ),
      ),
    );
  }

  /** Shows rows; after setColumns() in the new columns. */
  setItems(items) {
    this.items = items;
    this.table.setAttribute("aria-rowcount", String(items.length + 1));
    this.cursor = Math.max(0, Math.min(this.cursor, items.length - 1));
    this.redraw();
  }

  /** Forgets the elements of all rows and makes those in sight anew, with the focus where it was. */
  redraw() {
    const focused = this.body.contains(document.activeElement) ? document.activeElement.closest("tr").dataset.index : null;
    this.nodes.clear();
    this.first = -1;
    this.draw();
    const again = focused === null ? null : this.nodes.get(Number(focused));
    if (again) {
      again.focus({ preventScroll: true });
    }
  }

  draw() {
    const high = this.element.clientHeight || 600;
    const first = Math.max(0, Math.floor(this.element.scrollTop / ROW_HEIGHT) - MARGIN);
    const last = Math.min(this.items.length, Math.ceil((this.element.scrollTop + high) / ROW_HEIGHT) + MARGIN);
    if (first === this.first && last === this.last) {
      return;
    }
    this.first = first;
    this.last = last;
    const nodes = new Map();
    for (let i = first; i < last; i += 1) {
      nodes.set(i, this.nodes.get(i) || this.makeRow(i));
    }
    this.nodes = nodes;
    this.top.firstChild.style.height = first * ROW_HEIGHT + "px";
    this.bottom.firstChild.style.height = (this.items.length - last) * ROW_HEIGHT + "px";
    this.place([...nodes.values()]);
  }

  /** Puts rows between the two spaces; those that stay are not touched, which keeps scrolling cheap. */
  place(rows) {
    const empty = h(
      "tr",
      {},
      h("td", { class: "empty", colspan: String(this.columns.length) }, this.items.length ? "" : this.owner.empty()),
    );
    const wanted = [this.top, ...(this.items.length ? rows : [empty]), this.bottom];
    const kept = new Set(wanted);
    [...this.body.children].filter((row) => !kept.has(row)).forEach((row) => row.remove());
    let next = null;
    for (const row of wanted.reverse()) {
      if (row.parentNode !== this.body || row.nextSibling !== next) {
        this.body.insertBefore(row, next);
      }
      next = row;
    }
  }

  makeRow(index) {
    const item = this.items[index];
    const cells = item.group
      ? null
      : this.columns.map((column) => h("td", { class: [column.number ? "number" : "", column.class || ""].join(" ") }, column.cell(item)));
    const props = this.owner.row(item);
    return h(
      "tr",
      {
        "aria-rowindex": String(index + 2),
        tabindex: index === this.cursor ? "0" : "-1",
        onfocus: () => this.setCursor(index),
        ...props,
        dataset: { index: String(index), ...props.dataset },
      },
      cells || h("td", { colspan: String(this.columns.length) }, this.owner.groupCell(item)),
    );
  }

  // ---- focus --------------------------------------------------------------------

  setCursor(index) {
    if (index !== this.cursor) {
      const old = this.nodes.get(this.cursor);
      if (old) {
        old.tabIndex = -1;
      }
      this.cursor = index;
      if (this.nodes.get(index)) {
        this.nodes.get(index).tabIndex = 0;
      }
    }
  }

  focusRow(index) {
    const at = Math.max(0, Math.min(this.items.length - 1, index));
    const top = at * ROW_HEIGHT;
    const head = this.head.offsetHeight;
    if (top < this.element.scrollTop) {
      this.element.scrollTop = top;
    } else if (top + ROW_HEIGHT + head > this.element.scrollTop + this.element.clientHeight) {
      this.element.scrollTop = top + ROW_HEIGHT + head - this.element.clientHeight;
    }
    this.draw();
    this.setCursor(at);
    if (this.nodes.get(at)) {
      this.nodes.get(at).focus({ preventScroll: true });
    }
  }

  onKey(event) {
    if (event.target.tagName !== "TR" || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 2);
    const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (by) {
      const from = this.cursor;
      this.focusRow(this.cursor + by);
      this.owner.moved(from, this.cursor, event.shiftKey);
    } else if (!this.owner.onKey(event, this.items[this.cursor])) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
