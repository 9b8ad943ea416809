// output.js - a run's output: follows the end, filters, marks standard error.

import { api } from "./api.js";
import { h, fill, setText } from "./dom.js";
import { formatTime } from "./format.js";

const FIRST_BYTES = 256 * 1024;
const STEP_BYTES = 512 * 1024;
const MAX_LINES = 5000;
const ESCAPES = /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]/g;

export class OutputPanel {
  constructor() {
    this.offset = null;
    this.lines = [];
    this.partial = {};
    this.dropped = false;
    this.follow = h("input", { type: "checkbox", checked: true, onchange: () => this.scroll() });
    this.filter = h("input", { type: "search", class: "filter", placeholder: "Filter", "aria-label": "Filter output",
      oninput: () => this.render() });
    this.note = h("span", { class: "dim" });
    this.body = h("div", { class: "output-body", tabindex: "0", role: "log", "aria-label": "Output of the run",
      onscroll: () => this.onScroll() });
    this.element = h("section", { class: "card output", dataset: { component: "output" } },
      h("header", { class: "card-head" }, h("h3", {}, "Output"), this.note, h("span", { class: "spring" }), this.filter,
        h("label", { class: "check" }, this.follow, "Follow")), this.body);
    this.render();
  }

  /** Fetches what was written since the last call; several rounds if it is much. */
  async refresh(id, signal) {
    for (let round = 0; round < 8; round += 1) {
      const from = this.offset === null ? -FIRST_BYTES : this.offset;
      const answer = await api.output(id, from, STEP_BYTES, signal);
      if (this.offset === null) {
        this.dropped = answer.offset > 0;
      }
      const grew = answer.pieces.length > 0;
      answer.pieces.forEach((piece) => this.add(piece));
      this.offset = answer.next_offset;
      if (grew || round === 0) {
        this.render();
      }
      if (this.offset >= answer.size || !grew) {
        return;
      }
    }
  }

  /** Splits a piece into lines; a carriage return starts its line again, as on a terminal. */
  add(piece) {
    const open = this.partial[piece.stream];
    const parts = ((open ? open.raw : "") + piece.text).split("\n");
    parts.forEach((raw, i) => {
      const entry = i === 0 && open ? open : { stream: piece.stream, time: piece.time_us };
      entry.raw = raw.length > 65536 ? raw.slice(0, 65536) : raw;
      entry.text = shown(entry.raw);
      if (entry !== open && (raw !== "" || i + 1 < parts.length)) {
        this.lines.push(entry);
      }
      this.partial[piece.stream] = i + 1 === parts.length && raw !== "" ? entry : null;
    });
    if (this.lines.length > MAX_LINES) {
      this.lines.splice(0, this.lines.length - MAX_LINES);
      this.dropped = true;
    }
  }

  render() {
    const wanted = this.filter.value.toLowerCase();
    const lines = wanted ? this.lines.filter((entry) => entry.text.toLowerCase().includes(wanted)) : this.lines;
    fill(this.body, this.dropped ? h("div", { class: "output-gap" }, "earlier output is not shown here") : null,
      lines.map((entry) => h("div", { class: entry.stream === "err" ? "line err" : "line",
        title: (entry.stream === "err" ? "standard error, " : "") + (entry.time ? formatTime(entry.time) : "") },
      ...highlight(entry.text, wanted))),
      lines.length === 0 ? h("div", { class: "empty" }, wanted ? "no line contains this text" : "no output") : null);
    this.body.classList.toggle("bare", this.lines.length === 0);
    setText(this.note, wanted ? lines.length + " of " + this.lines.length + " lines" : this.lines.length ? this.lines.length + " lines" : "");
    this.scroll();
  }

  scroll() {
    if (this.follow.checked) {
      this.body.scrollTop = this.body.scrollHeight;
    }
  }

  /** Reading up stops following; coming back to the end takes it up again. */
  onScroll() {
    this.follow.checked = this.body.scrollTop + this.body.clientHeight >= this.body.scrollHeight - 8;
  }
}

function shown(raw) {
  const text = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
  return text.slice(text.lastIndexOf("\r") + 1).replace(ESCAPES, "");
}

function highlight(text, wanted) {
  if (!wanted) {
    return [text];
  }
  const out = [];
  let from = 0;
  for (let at = text.toLowerCase().indexOf(wanted); at >= 0; at = text.toLowerCase().indexOf(wanted, from)) {
    out.push(text.slice(from, at), h("mark", {}, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  out.push(text.slice(from));
  return out;
}
