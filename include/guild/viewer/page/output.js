// output.js - a run's output: follows the end, searches, shows one stream, folds progress bars, keeps colours.

import { ansiNode } from "./ansi.js";
import { api } from "./api.js";
import { h, fill, setText } from "./dom.js";
import { formatTime } from "./format.js";
import { OutputLines } from "./output_lines.js";
import { state } from "./state.js";
import { cardHead, checkBox, moreButton, optionsOf, searchBox, spring } from "./widgets.js";

const FIRST_BYTES = 256 * 1024;
const STEP_BYTES = 512 * 1024;
const STREAMS = [
  ["", "Both streams"],
  ["out", "Standard output"],
  ["err", "Standard error"],
];

export class OutputPanel {
  constructor() {
    Object.assign(this, { offset: null, model: new OutputLines(), nodes: new Map(), at: -1 });
    [this.follow, this.followLabel] = checkBox("Follow", true, () => this.scroll());
    [this.only, this.onlyLabel] = checkBox("Only matches", state.get("only") === "1", () => this.search(), "Hide lines without the text");
    this.stream = h("select", { "aria-label": "Stream", onchange: () => this.search() }, optionsOf(STREAMS, state.get("stream")));
    this.filter = searchBox("Search output", "Search", () => this.search(), {
      value: state.get("out"),
      onkeydown: (event) => event.key === "Enter" && this.jump(event.shiftKey ? -1 : 1),
    });
    this.note = h("span", { class: "dim", role: "status" });
    this.earlier = moreButton(() => this.loadEarlier(), "Show earlier output");
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
    );
    this.element = h(
      "section",
      { class: "card output", dataset: { component: "output" } },
      cardHead("Output", this.note, spring(), this.filter, this.onlyLabel, this.stream, this.followLabel),
      this.body,
    );
  }

  keys() {
    return [
      ["u", "search the output", () => this.filter.focus()],
      ["n", "next match", () => this.jump(1)],
      ["N", "match before", () => this.jump(-1)],
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

  /** Fetches what was written since the last call; several rounds if it is much. */
  async refresh(id, signal) {
    this.id = id;
    this.signal = signal;
    for (let round = 0; round < 8; round += 1) {
      const from = this.offset === null ? -FIRST_BYTES : this.offset;
      const answer = await api.output(id, { offset: from, limit: STEP_BYTES }, signal);
      if (this.offset === null) {
        this.begin = answer.offset;
      }
      this.offset = answer.next_offset;
      this.add(answer.pieces);
      if (this.offset >= answer.size || answer.pieces.length === 0) {
        return;
      }
    }
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
    this.earlier.hidden = !(this.begin > 0 || this.model.isCut);
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

  /** The part of the log before what is shown. */
  async loadEarlier() {
    const to = this.model.isCut ? this.offset : this.begin;
    const from = Math.max(0, to - (this.model.isCut ? 4 : 2) * STEP_BYTES);
    const model = new OutputLines();
    for (let at = from; at < this.offset;) {
      const answer = await api.output(this.id, { offset: at, limit: STEP_BYTES }, this.signal);
      answer.pieces.forEach((piece) => model.add(piece));
      at = answer.next_offset;
      if (answer.pieces.length === 0) {
        break;
      }
    }
    this.begin = from;
    this.model = model;
    this.follow.checked = false;
    this.render();
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

function highlight(text, wanted) {
  const out = [];
  let from = 0;
  for (let at = text.toLowerCase().indexOf(wanted); at >= 0; at = text.toLowerCase().indexOf(wanted, from)) {
    out.push(text.slice(from, at), h("mark", {}, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  out.push(text.slice(from));
  return out;
}
