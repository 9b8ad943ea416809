// output.js - a run's output: follows the end, searches, shows one stream, folds progress bars, keeps colours.
//
// What is loaded is the end of the log, or a window of it: around a match that was far away, or what "earlier" leads to.

import { ansiNode } from "./ansi.js";
import { api } from "./api.js";
import { h, fill, setText } from "./dom.js";
import { formatTime } from "./format.js";
import { FarMatches, highlight } from "./output_far.js";
import { OutputLines } from "./output_lines.js";
import { state } from "./state.js";
import { cardHead, checkBox, moreButton, optionsOf, searchBox, spring } from "./widgets.js";

const FIRST_BYTES = 256 * 1024;
const STEP_BYTES = 512 * 1024;
const WINDOW_BYTES = 384 * 1024;
const AROUND_BYTES = 96 * 1024;
const TYPING_MS = 300;
const STREAMS = [
  ["", "Both streams"],
  ["out", "Standard output"],
  ["err", "Standard error"],
];

export class OutputPanel {
  constructor() {
    Object.assign(this, { offset: null, begin: 0, size: 0, model: new OutputLines(), nodes: new Map(), at: -1 });
    [this.follow, this.followLabel] = checkBox("Follow", true, () => this.scroll(), "Stay at the end (F)");
    [this.only, this.onlyLabel] = checkBox("Only matches", state.get("only") === "1", () => this.search(), "Hide lines without the text");
    this.stream = h("select", { "aria-label": "Stream", onchange: () => this.search() }, optionsOf(STREAMS, state.get("stream")));
    this.filter = searchBox("Search output", "Search", () => this.search(), {
      value: state.get("out"),
      onkeydown: (event) => event.key === "Enter" && this.jump(event.shiftKey ? -1 : 1),
    });
    this.note = h("span", { class: "dim", role: "status" });
    this.earlier = moreButton(() => this.loadEarlier(), "Show earlier output");
    this.later = moreButton(() => this.loadLater(), "Show later output");
    this.far = new FarMatches((match) => this.openAt(match.line_offset));
    this.list = h("div", {});
    this.nothing = h("div", { class: "empty" }, "no output");
    this.build();
  }

  build() {
    const log = { role: "log", "aria-live": "off", "aria-label": "Output of the run" };
    this.body = h(
      "div",
      { class: "output-body bare", tabindex: "0", ...log, onscroll: () => this.onScroll() },
      this.earlier,
      this.list,
      this.nothing,
      this.later,
    );
    this.element = h(
      "section",
      { class: "card output", dataset: { component: "output" } },
      cardHead("Output", this.note, spring(), this.filter, this.onlyLabel, this.stream, this.followLabel),
      this.far.element,
      this.body,
    );
  }

  keys() {
    return [
      ["u", "search the output", () => this.filter.focus()],
      ["n", "next match", () => this.jump(1)],
      ["N", "match before", () => this.jump(-1)],
      ["M", "to the matches far away", () => this.far.focus()],
      [
        "F",
        "follow the output",
        () => {
          this.follow.checked = !this.follow.checked;
          this.scroll();
        },
      ],
    ];
  }

  /** Fetches what was written since the last call; several rounds if it is much. A window stays as it is. */
  async refresh(id, signal) {
    this.id = id;
    this.signal = signal;
    const { model } = this;
    if (model.isRead) {
      return; // by another call
    }
    model.isRead = true;
    try {
      await this.readOn(model);
    } finally {
      model.isRead = false;
    }
  }

  async readOn(model) {
    for (let round = 0; round < 8 && !this.isAway(); round += 1) {
      const from = this.offset === null ? -FIRST_BYTES : this.offset;
      const answer = await api.output(this.id, { offset: from, limit: STEP_BYTES }, this.signal);
      if (model !== this.model) {
        return; // a window was opened in the meantime
      }
      if (this.offset === null) {
        this.begin = answer.offset;
        this.searchFar();
      }
      this.offset = answer.next_offset;
      this.size = answer.size;
      this.add(answer.pieces);
      if (this.offset >= answer.size || answer.pieces.length === 0) {
        return;
      }
    }
  }

  /** Whether what is shown is a window, and not the end. */
  isAway() {
    return this.model.isWindow;
  }

  add(pieces) {
    const before = this.model.lines[0];
    const changed = new Set(pieces.flatMap((piece) => this.model.add(piece)));
    if (before && before !== this.model.lines[0]) {
      this.render();
      return;
    }
    const added = [];
    for (const line of changed) {
      const old = this.nodes.get(line);
      const node = this.passes(line) ? this.lineNode(line) : null;
      if (old && node) {
        old.replaceWith(node);
      } else if (node) {
        added.push(node);
      }
      this.nodes.set(line, node);
    }
    this.list.append(...added);
    this.finish();
  }

  /** Draws all lines anew: after a search, or when the oldest ones went. */
  render() {
    this.nodes.clear();
    const nodes = this.model.lines.map((line) => {
      const node = this.passes(line) ? this.lineNode(line) : null;
      this.nodes.set(line, node);
      return node;
    });
    fill(this.list, nodes);
    this.finish();
  }

  finish() {
    const lines = this.model.lines.length;
    const wanted = this.filter.value;
    this.body.classList.toggle("bare", lines === 0);
    this.nothing.hidden = this.list.childElementCount > 0;
    setText(this.nothing, lines === 0 ? "no output" : wanted ? "no line contains this text" : "nothing on this stream");
    this.earlier.hidden = this.loadedFrom() === 0;
    this.later.hidden = !this.isAway();
    const marks = wanted ? this.list.querySelectorAll("mark").length : 0;
    setText(
      this.note,
      wanted
        ? (this.at >= 0 ? this.at + 1 + " of " : "") + marks + (marks === 1 ? " match" : " matches")
        : lines
          ? lines + (lines === 1 ? " line" : " lines")
          : "",
    );
    this.scroll();
  }

  search() {
    this.at = -1;
    state.set({ out: this.filter.value, only: this.only.checked, stream: this.stream.value });
    this.render();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.searchFar(), TYPING_MS);
  }

  /** The server looks through what is not loaded. */
  searchFar() {
    const isWhole = this.loadedFrom() === 0 && !this.isAway();
    const loaded = [this.loadedFrom(), this.isAway() ? this.offset : Infinity];
    this.far.search(isWhole || !this.id ? "" : this.filter.value, this.stream.value, loaded, this);
  }

  /** Where what is shown begins; a little later where lines were let go. */
  loadedFrom() {
    const [first] = this.model.lines;
    const next = this.model.isCut && this.model.lines.find((line) => line.from > first.from);
    return next ? next.from : this.begin;
  }

  /** To the next or previous match. */
  jump(by) {
    const marks = [...this.list.querySelectorAll("mark")];
    if (marks.length > 0) {
      this.follow.checked = false;
      this.at = this.at < 0 && by < 0 ? marks.length - 1 : (this.at + by + marks.length) % marks.length;
      marks.forEach((mark, i) => mark.classList.toggle("current", i === this.at));
      marks[this.at].scrollIntoView({ block: "nearest" });
      setText(this.note, this.at + 1 + " of " + marks.length + " matches");
    }
  }

  passes(line) {
    const wanted = this.filter.value.toLowerCase();
    return (
      (!this.stream.value || line.stream === this.stream.value) &&
      (!wanted || !this.only.checked || line.text.toLowerCase().includes(wanted))
    );
  }

  lineNode(line) {
    const title = (line.stream === "err" ? "standard error, " : "") + (line.time ? formatTime(line.time) : "");
    const node = h(
      "div",
      { class: "line" + (line.stream === "err" ? " err" : "") + (line.lost ? " lost" : ""), title },
      line.lost ? line.text : this.contents(line),
    );
    if (line.updates > 0) {
      node.append(
        h("button", { class: "fold", title: "Show what the line said before", onclick: () => this.unfold(node, line) }, "+" + line.updates),
      );
    }
    return node;
  }

  contents(line) {
    const wanted = this.filter.value.toLowerCase();
    return wanted && line.text.toLowerCase().includes(wanted)
      ? highlight(line.text, wanted)
      : line.parts.map((part) => ansiNode(part.text, part.style));
  }

  unfold(node, line) {
    node.replaceChildren(...line.states.map((text) => h("div", {}, text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, ""))));
  }

  loadEarlier() {
    const at = this.loadedFrom();
    const from = Math.max(0, at - WINDOW_BYTES / 2);
    return this.openWindow(from, at, from + WINDOW_BYTES);
  }

  loadLater() {
    const at = this.offset;
    return this.openWindow(Math.max(this.begin, at - WINDOW_BYTES / 2), at, at + WINDOW_BYTES / 2);
  }

  /** The lines around an offset at which one begins. */
  async openAt(offset) {
    await this.openWindow(Math.max(0, offset - AROUND_BYTES), offset, offset + WINDOW_BYTES - AROUND_BYTES);
    const marks = [...this.list.querySelectorAll("mark")];
    this.at = marks.findIndex((mark) => mark.closest(".target"));
    this.body.focus({ preventScroll: true });
  }

  /** Shows bytes `from` to `to` of the log, the line that begins at `at` in sight. */
  async openWindow(from, at, to) {
    const model = new OutputLines(true);
    const before = await this.read(model, from, at);
    const target = new Set(model.lines);
    const { offset, size } = await this.read(model, before.offset, to);
    model.isWindow = offset < size;
    Object.assign(this, { model, begin: from, offset, size, at: -1 });
    this.follow.checked = false;
    this.render();
    const line = model.lines.find((each) => !target.has(each)) || model.lines.at(-1);
    const node = this.nodes.get(line);
    if (node) {
      node.classList.add("target");
      node.scrollIntoView({ block: "center" });
    }
    this.searchFar();
  }

  /** Adds bytes of the log to a model: {offset: where it stopped, size}. */
  async read(model, from, to) {
    let at = from;
    let { size } = this;
    while (at < to) {
      const answer = await api.output(this.id, { offset: at, limit: Math.min(STEP_BYTES, to - at) }, this.signal);
      answer.pieces.forEach((piece) => model.add(piece));
      size = answer.size;
      if (answer.next_offset <= at) {
        break;
      }
      at = answer.next_offset;
    }
    return { offset: at, size };
  }

  scroll() {
    if (this.follow.checked && this.isAway()) {
      this.toEnd();
    } else if (this.follow.checked) {
      this.body.scrollTop = this.body.scrollHeight;
    }
  }

  /** From a window back to the end. */
  toEnd() {
    Object.assign(this, { model: new OutputLines(), offset: null, at: -1 });
    this.render();
    this.refresh(this.id, this.signal).catch(() => {});
  }

  /** Reading up stops following; coming back to the end takes it up again. */
  onScroll() {
    this.follow.checked = !this.isAway() && this.body.scrollTop + this.body.clientHeight >= this.body.scrollHeight - 8;
  }
}
