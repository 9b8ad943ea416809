// diff.js - two runs against each other: flags, attributes and output, with what differs marked.

import { stripEscapes } from "./ansi.js";
import { api } from "./api.js";
import { choice } from "./choice.js";
import { h, fill } from "./dom.js";
import { diffLines } from "./line_diff.js";
import { state } from "./state.js";
import { titleOf } from "./status.js";
import { spring } from "./widgets.js";

const BYTES = 256 * 1024;
const AROUND = 3;

export class DiffPanel {
  constructor(signal) {
    this.signal = signal;
    this.left = h("select", { "aria-label": "First run", onchange: () => this.choose("a", this.left.value) });
    this.right = h("select", { "aria-label": "Second run", onchange: () => this.choose("b", this.right.value) });
    this.all = h("input", { type: "checkbox", checked: state.get("same") === "1", onchange: () => this.choose("same", this.all.checked) });
    this.body = h("div", { class: "diff-body" });
    this.element = h(
      "section",
      { class: "card", dataset: { component: "diff" } },
      h(
        "header",
        { class: "card-head" },
        h("h3", {}, "Differences"),
        spring(),
        this.left,
        this.right,
        h("label", { class: "check" }, this.all, "Also what is the same"),
      ),
      this.body,
    );
  }

  choose(name, value) {
    state.set({ [name]: value });
    this.show(this.rows);
  }

  async show(rows) {
    this.rows = rows;
    const find = (id) => rows.find((row) => row.id === id);
    const a = find(state.get("a")) || find(choice.baseline()) || rows[0];
    const b = find(state.get("b")) || rows.find((row) => row !== a);
    if (!a || !b) {
      fill(this.body, h("div", { class: "empty" }, "Choose two runs."));
      return;
    }
    for (const [select, chosen] of [
      [this.left, a],
      [this.right, b],
    ]) {
      fill(
        select,
        rows.map((row) => h("option", { value: row.id, selected: row === chosen }, titleOf(row) + " \u00b7 " + row.id.slice(0, 16))),
      );
    }
    const stamp = [a, b, this.all.checked];
    if (this.stamp && stamp.every((each, i) => each === this.stamp[i])) {
      return;
    }
    this.stamp = stamp;
    fill(
      this.body,
      this.pairs("Flags", a.flags, b.flags),
      this.pairs("Attributes", a.attrs, b.attrs),
      h("h4", {}, "Output"),
      (this.output = h("div", { class: "diff-output" }, h("div", { class: "empty" }, "reading"))),
    );
    this.drawOutput(await this.linesOf(a), await this.linesOf(b));
  }

  pairs(title, a, b) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    const rows = names.filter((name) => this.all.checked || a[name] !== b[name]);
    const cell = (value, other, kind) =>
      h("td", { class: value === other ? "" : value === undefined ? "none" : kind }, value === undefined ? "\u2014" : value);
    return [
      h("h4", {}, title),
      rows.length
        ? h(
            "table",
            { class: "table diff-pairs" },
            h(
              "tbody",
              {},
              rows.map((name) =>
                h("tr", {}, h("th", { scope: "row" }, name), cell(a[name], b[name], "old"), cell(b[name], a[name], "new")),
              ),
            ),
          )
        : h("div", { class: "empty" }, names.length ? "no difference" : "none"),
    ];
  }

  async linesOf(run) {
    const answer = await api.output(run.id, { offset: -BYTES, limit: BYTES }, this.signal).catch(() => ({ pieces: [] }));
    return answer.pieces
      .map((piece) => piece.text || "")
      .join("")
      .split("\n")
      .map((line) => stripEscapes(line.slice(line.lastIndexOf("\r", line.length - 2) + 1)));
  }

  drawOutput(a, b) {
    const lines = diffLines(a, b);
    const near = new Set();
    lines.forEach((line, i) => {
      for (let k = i - AROUND; line.kind !== "same" && k <= i + AROUND; k += 1) {
        near.add(k);
      }
    });
    const shown = [];
    let skipped = 0;
    lines.forEach((line, i) => {
      if (this.all.checked || near.has(i)) {
        shown.push(
          ...gap(skipped),
          h("div", { class: "line " + line.kind }, { same: "  ", old: "\u2212 ", new: "+ " }[line.kind] + line.text),
        );
        skipped = 0;
      } else {
        skipped += 1;
      }
    });
    fill(this.output, near.size || this.all.checked ? [...shown, ...gap(skipped)] : h("div", { class: "empty" }, "the same output"));
  }
}

function gap(count) {
  return count ? [h("div", { class: "output-gap" }, count + (count === 1 ? " line is" : " lines are") + " the same")] : [];
}
