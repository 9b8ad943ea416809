// rail.js - the list of runs beside a run: newest first, the shown one marked.

import { h, fill, setText } from "./dom.js";
import { fieldText, formatAgo } from "./format.js";
import { normalize } from "./run_store.js";
import { shortened, titleOf } from "./status.js";

export class RunRail {
  constructor() {
    this.list = h("nav", { class: "rail-list", "aria-label": "Runs" });
    this.count = h("span", { class: "dim" });
    this.element = h(
      "aside",
      { class: "rail", "aria-label": "Runs" },
      h("header", { class: "rail-head" }, h("h2", {}, "Runs"), this.count),
      this.list,
    );
  }

  show(answer, project, current) {
    const now = Date.now() * 1000;
    const stamp = [answer, project.fields, current, Math.floor(now / 1e7)];
    if (this.stamp && stamp.every((each, i) => each === this.stamp[i])) {
      return;
    }
    this.stamp = stamp;
    const fields = answer.fields || project.fields;
    setText(this.count, String(answer.total));
    fill(
      this.list,
      answer.runs.map((row) => this.item(normalize(row, fields), fields, current, now)),
      answer.runs.length ? null : h("div", { class: "empty" }, "no runs yet"),
      answer.total > answer.runs.length ? h("a", { class: "rail-item", href: "/runs" }, "all " + answer.total + " runs") : null,
    );
    const item = this.list.querySelector(".current");
    if (item && this.shown !== current) {
      this.shown = current;
      item.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  item(run, fields, current, now) {
    const headline = fields.find((field) => run.values[field.name] && !Number.isNaN(run.values[field.name].number));
    const value = headline && run.values[headline.name];
    return h(
      "a",
      {
        class: "rail-item" + (run.id === current ? " current" : ""),
        href: "/runs/" + encodeURIComponent(run.id),
        title: run.id,
        "aria-current": run.id === current ? "page" : null,
      },
      h("span", { class: "dot status-" + run.status, title: run.status + (run.cause ? ": " + run.cause : "") }),
      h(
        "span",
        { class: "rail-text" },
        h("span", { class: "rail-name" }, shortened(titleOf(run), 21)),
        h("span", { class: "dim" }, run.started_us ? formatAgo(run.started_us, now) : run.status),
      ),
      value ? h("span", { class: "rail-value", title: headline.label }, fieldText({ value: value.number, text: value.text })) : null,
    );
  }
}
