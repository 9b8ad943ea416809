// runs.js - the table of all runs: filter, conditions, columns, groups, and the choice of runs to compare.

import { choice } from "./choice.js";
import { columnChooser } from "./column_chooser.js";
import { h, fill, icon, setText } from "./dom.js";
import { formatNumber } from "./format.js";
import { setKeys } from "./keys.js";
import { legendCell } from "./legend_cell.js";
import { baseColumns, fieldColumn, flagColumn } from "./run_columns.js";
import { RunStore, sparkPattern } from "./run_store.js";
import { arrangeRows } from "./runs_rows.js";
import { joinList, state } from "./state.js";
import { VirtualTable } from "./virtual_table.js";
import { cardHead, checkBox, named, searchBox, spring } from "./widgets.js";

export class RunsView {
  constructor(go) {
    Object.assign(this, { go, store: new RunStore(), abort: new AbortController(), anchor: null, problem: null });
    this.table = new VirtualTable(this, "Runs");
    this.build();
    setKeys("Runs", this.keys());
    document.title = "Runs \u00b7 Guild View";
  }

  build() {
    this.filter = searchBox("Filter runs", "Filter runs", () => this.setState({ q: this.filter.value }), { value: state.get("q") });
    this.where = searchBox("Condition", "Where: flag:lr > 0.01 and status = completed", null, {
      class: "filter where",
      value: state.get("where"),
      spellcheck: "false",
      onchange: () => this.setWhere(this.where.value),
    });
    this.group = h("select", { "aria-label": "Group by", onchange: () => this.setState({ group: this.group.value, closed: null }) });
    this.drawGroups([]);
    this.note = h("span", { class: "dim", role: "status" });
    this.message = h("div", { class: "query-error", role: "alert", hidden: true });
    this.tray = h("div", { class: "tray", role: "region", "aria-label": "Chosen runs", hidden: true });
    const card = h("section", { class: "card runs-card" }, cardHead("Runs", this.note), this.makeTools(), this.message, this.table.element);
    this.element = h("main", { class: "runs-page" }, card, this.tray);
  }

  makeTools() {
    const check = (name, text, title) => {
      const [box, label] = checkBox(text, this.option(name), (on) => this.setOption(name, on), title);
      this[name] = box;
      return label;
    };
    const choose = { class: "quiet", title: "Choose columns (o)", onclick: () => this.chooseColumns() };
    return h(
      "div",
      { class: "runs-tools", role: "toolbar", "aria-label": "Runs" },
      this.filter,
      this.where,
      named("Group", this.group),
      check("nofail", "Hide failed", "Hide terminated, lost and failed runs"),
      check("vary", "Only varying flags", "Leave out flags that are the same in all runs"),
      h("button", choose, icon("columns"), "Columns"),
    );
  }

  destroy() {
    this.abort.abort();
    this.table.destroy();
    setKeys("Runs", null);
  }

  redraw() {
    this.render();
  }

  // ---- state --------------------------------------------------------------------

  option(name) {
    return name === "vary" ? state.get("vary") !== "0" : state.get(name) === "1";
  }

  setOption(name, on) {
    this.setState({ [name]: name === "vary" ? (on ? null : "0") : on });
  }

  setState(changes) {
    state.set(changes);
    this.render();
  }

  setWhere(text) {
    state.set({ where: text });
    this.problem = null;
    this.refresh(this.project).catch(() => {});
  }

  async refresh(project) {
    this.project = project;
    try {
      const isNew = await this.store.refresh(state.get("where"), sparkPattern(project), project, this.abort.signal);
      this.problem = null;
      const minute = Math.floor(Date.now() / 20000);
      if (isNew || minute !== this.minute || this.fieldsSeen !== project.fields) {
        this.minute = minute;
        this.fieldsSeen = project.fields;
        this.render();
      }
      if (isNew && !this.store.isWhole) {
        await this.refresh(project);
      }
    } catch (error) {
      if (error.status !== 400) {
        throw error;
      }
      this.problem = error;
    }
    this.drawProblem();
  }

  drawProblem() {
    const { problem } = this;
    this.message.hidden = !problem;
    this.where.setAttribute("aria-invalid", String(Boolean(problem)));
    if (problem) {
      const { column } = problem.details || {};
      const text = state.get("where");
      fill(this.message, h("b", {}, problem.message), column ? h("pre", {}, text + "\n" + " ".repeat(column - 1) + "^") : null);
    }
  }

  // ---- rows and columns -----------------------------------------------------------

  /** Every column there could be, those in use first as the project orders them. */
  allColumns() {
    const runs = this.store.list();
    const base = baseColumns((run) => choice.color(run.id), runs);
    const fields = this.project.fields.map((field) => fieldColumn(field, runs));
    const flags = [...this.store.flagNames()].map(([name, values]) => ({
      ...flagColumn(name, runs),
      off: this.option("vary") && values.size < 2,
    }));
    const spark = base.pop();
    return [...base, ...(this.store.hasSparks() ? [spark] : []), ...fields, ...flags];
  }

  shownColumns(all) {
    const flipped = state.list("cols");
    return all.filter((column) => Boolean(column.off) === flipped.includes(column.name));
  }

  render() {
    if (!this.project) {
      return;
    }
    const all = this.allColumns();
    const shown = this.shownColumns(all);
    const by = all.find((column) => column.name === state.get("sort", "started")) || all.find((column) => column.name === "started");
    const down = state.get("dir", by.name === "started" ? "down" : "up") === "down";
    const group = all.find((column) => column.name === state.get("group")) || null;
    const { rows, count } = arrangeRows(this.store.list(), {
      text: state.get("q"),
      hideFailed: this.option("nofail"),
      by,
      down,
      group,
      pinned: choice.pinned(),
      closed: state.list("closed"),
    });
    this.shown = rows.filter((row) => !row.group);
    this.drawGroups(all);
    this.table.setColumns([
      this.legendColumn(),
      ...shown.map((column) => ({
        ...column,
        sorted: column === by ? (down ? "descending" : "ascending") : null,
        head: column.fixed ? null : this.sortButton(column, by, down),
      })),
    ]);
    this.table.setItems(rows);
    setText(
      this.note,
      count === this.store.total ? String(count) : count + " of " + this.store.total + (this.store.isWhole ? "" : ", loading"),
    );
    this.drawTray();
  }

  drawGroups(all) {
    const names = [
      ["", "Nothing"],
      ...all
        .filter((column) => column.kind === "flags" || column.name === "status" || column.name === "name")
        .map((column) => [column.name, column.title]),
    ];
    const stamp = JSON.stringify(names);
    if (stamp !== this.groupStamp) {
      this.groupStamp = stamp;
      fill(
        this.group,
        names.map(([value, text]) => h("option", { value }, text)),
      );
    }
    this.group.value = state.get("group");
  }

  sortButton(column, by, down) {
    return h(
      "button",
      {
        class: "sort" + (column === by ? (down ? " down" : " up") : ""),
        title: "Sort by " + column.title,
        onclick: () =>
          this.setState({
            sort: column.name,
            dir: column === by ? (down ? "up" : "down") : column.number || column.name === "started" ? "down" : "up",
          }),
      },
      column.title,
    );
  }

  /** The table is the legend: chosen or not with its colour, and for a chosen run eye, pin, baseline. */
  legendColumn() {
    return {
      name: "choice",
      title: "",
      width: choice.list().length || choice.pinned().length ? 108 : 40,
      class: "choice stick",
      cell: (run) =>
        legendCell(
          run,
          () => this.render(),
          (event) => this.choose(run, event.shiftKey),
        ),
      head: h("span", { class: "unseen" }, "Chosen"),
    };
  }

  chooseColumns() {
    columnChooser(this.allColumns(), state.list("cols"), (flipped) => this.setState({ cols: joinList(flipped) }));
  }

  // ---- rows: what the table asks ----------------------------------------------------

  row(item) {
    if (item.group) {
      return { class: "group" };
    }
    const chosen = choice.has(item.id);
    return {
      class: chosen ? "chosen" : "",
      "aria-selected": String(chosen),
      dataset: { run: item.id },
      onclick: (event) => event.target.closest("a, button, input") || this.choose(item, event.shiftKey),
      ondblclick: () => this.go("/runs/" + encodeURIComponent(item.id)),
    };
  }

  toggleGroup(item) {
    const closed = state.list("closed");
    this.setState({ closed: joinList(item.isClosed ? closed.filter((value) => value !== item.value) : [...closed, item.value]) });
  }

  groupCell(item) {
    return h(
      "button",
      { class: "group-head", "aria-expanded": String(!item.isClosed), onclick: () => this.toggleGroup(item) },
      h("span", { class: "arrow" }),
      item.group + " = ",
      h("b", {}, item.value || "--"),
      h("span", { class: "dim" }, item.runs.length + (item.runs.length === 1 ? " run" : " runs")),
      this.project.fields.slice(0, 3).map((field) => meanText(field, item.runs)),
    );
  }

  empty() {
    return this.store.total || this.problem
      ? "no run matches"
      : this.store.asked
        ? state.get("where")
          ? "no run matches"
          : "no runs yet: try guild train"
        : "reading runs";
  }
  // ---- choosing -------------------------------------------------------------------

  /** Chooses or unchooses a run; with Shift all from the last one that was clicked. */
  choose(run, range) {
    if (range && this.anchor) {
      const ids = this.shown.map((each) => each.id);
      const [a, b] = [ids.indexOf(this.anchor), ids.indexOf(run.id)].sort((x, y) => x - y);
      choice.set([...new Set([...choice.list(), ...ids.slice(Math.max(0, a), b + 1)])]);
    } else {
      choice.toggle(run.id);
    }
    this.anchor = run.id;
    this.render();
  }

  /** The keyboard's way to choose many: Shift and an arrow. */
  moved(from, to, isShift) {
    const [a, b] = [this.table.items[from], this.table.items[to]];
    if (isShift && a && b && !a.group && !b.group) {
      choice.set([...new Set([...choice.list(), a.id, b.id])]);
      this.anchor = b.id;
      this.render();
    }
  }

  drawTray() {
    const ids = choice.list();
    this.tray.hidden = ids.length === 0;
    fill(
      this.tray,
      h("b", {}, ids.length + (ids.length === 1 ? " run" : " runs")),
      h("span", { class: "dim" }, ids.length >= 100 ? "the most that can be compared" : "chosen"),
      spring(),
      h("button", { class: "quiet", onclick: () => this.clearChoice() }, "Clear"),
      h("a", { class: "button", href: "/compare" + choice.query() }, "Compare"),
    );
  }

  clearChoice() {
    state.set({ runs: null, hide: null, pin: null, base: null });
    this.render();
  }

  // ---- keyboard -------------------------------------------------------------------

  /** Keys of a row that has the focus. */
  onKey(event, item) {
    if (!item) {
      return false;
    }
    if (item.group) {
      return (event.key === "Enter" || event.key === " ") && (this.toggleGroup(item), true);
    }
    const act = {
      Enter: () => this.go("/runs/" + encodeURIComponent(item.id)),
      " ": () => this.choose(item, event.shiftKey),
      x: () => this.choose(item, false),
      e: () => this.flip("hide", item),
      p: () => this.flip("pin", item),
      b: () => {
        choice.flipBaseline(item.id);
        this.render();
      },
    }[event.key];
    if (act) {
      act();
    }
    return Boolean(act);
  }

  flip(name, item) {
    choice.flip(name, item.id);
    this.render();
  }

  keys() {
    const flip = (name) => () => {
      this[name].checked = !this[name].checked;
      this.setOption(name, this[name].checked);
    };
    const row = (key, words) => [key, words, () => this.table.focusRow(this.table.cursor)];
    return [
      ["/", "filter", () => this.filter.focus()],
      ["w", "condition", () => this.where.focus()],
      row("j, ArrowDown", "to the rows; up and down in them, with Shift to choose"),
      row("Enter", "in a row: open the run"),
      row("x", "in a row: choose it"),
      row("e", "in a row: hide its lines"),
      row("p", "in a row: pin it to the top"),
      row("b", "in a row: make it the baseline"),
      ["a", "choose all that are shown", () => this.chooseAll()],
      ["A", "choose none", () => this.clearChoice()],
      ["c", "compare the chosen runs", () => choice.list().length && this.go("/compare" + choice.query())],
      ["h", "hide failed runs", flip("nofail")],
      ["v", "only varying flags", flip("vary")],
      ["o", "columns", () => this.chooseColumns()],
      ["s", "sort by the next column", () => this.sortNext(1)],
      ["S", "sort the other way", () => this.setState({ dir: this.element.querySelector(".sort.down") ? "up" : "down" })],
    ];
  }

  chooseAll() {
    choice.set([...new Set([...choice.list(), ...this.shown.map((run) => run.id)])]);
    this.render();
  }

  sortNext(by) {
    const names = this.shownColumns(this.allColumns())
      .filter((column) => !column.fixed)
      .map((column) => column.name);
    const at = names.indexOf(state.get("sort", "started"));
    this.setState({ sort: names[(at + by + names.length) % names.length], dir: null });
  }
}

/** The mean of a field over a group, in the field's format. */
function meanText(field, runs) {
  const numbers = runs.map((run) => (run.values[field.name] || {}).number).filter(Number.isFinite);
  const mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  return numbers.length ? h("span", { class: "dim" }, "mean " + field.label + " ", h("b", {}, formatNumber(mean, field.format))) : null;
}
