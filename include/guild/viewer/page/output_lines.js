// output_lines.js - pieces of a run's output put together to lines, as a terminal would show them.

import { parseAnsi, plainStyle, stripEscapes } from "./ansi.js";

const MAX_LINES = 5000;
const MAX_RAW = 65536;

export class OutputLines {
  /** isWhole: keeps all lines. Otherwise the oldest ones go when there are many. */
  constructor(isWhole = false) {
    this.isWhole = isWhole;
    this.isWindow = false;
    this.lines = [];
    this.open = {};
    this.styles = {};
    this.isCut = false;
    this.count = 0;
  }

  /** Adds a piece; gives the lines that are new or longer now. */
  add(piece) {
    if (piece.lost_bytes !== undefined) {
      return [
        this.push({
          stream: piece.stream,
          time: piece.time_us,
          from: piece.offset,
          raw: "",
          text: piece.lost_bytes + " bytes of output were dropped here",
          parts: [],
          lost: true,
          updates: 0,
        }),
      ];
    }
    const { stream } = piece;
    const texts = piece.text.split("\n");
    const changed = [];
    texts.forEach((text, i) => {
      const isLast = i + 1 === texts.length;
      const open = i === 0 ? this.open[stream] : null;
      if (!open && isLast && text === "") {
        this.open[stream] = null;
        return;
      }
      const line =
        open ||
        this.push({ stream, time: piece.time_us, from: piece.offset, raw: "", updates: 0, style: this.styles[stream] || plainStyle });
      this.extend(line, text);
      this.open[stream] = isLast ? line : null;
      this.styles[stream] = line.next;
      changed.push(line);
    });
    this.trim();
    return changed;
  }

  push(line) {
    line.number = this.count;
    this.count += 1;
    this.lines.push(line);
    return line;
  }

  /** A carriage return starts the line again: what stood there before is an update that is folded away. */
  extend(line, text) {
    let raw = line.raw + text;
    if (raw.length > MAX_RAW) {
      const cut = raw.indexOf("\r", raw.length - MAX_RAW);
      line.cutUpdates = (line.cutUpdates || 0) + (cut < 0 ? 0 : raw.slice(0, cut).split("\r").length);
      raw = cut < 0 ? raw.slice(0, MAX_RAW) : raw.slice(cut + 1);
    }
    line.raw = raw;
    const states = (raw.endsWith("\r") ? raw.slice(0, -1) : raw).split("\r");
    line.updates = states.length - 1 + (line.cutUpdates || 0);
    line.states = states;
    const { parts, style } = parseAnsi(states.at(-1), line.style);
    line.parts = parts;
    line.next = style;
    line.text = stripEscapes(states.at(-1));
  }

  trim() {
    if (!this.isWhole && this.lines.length > MAX_LINES + 500) {
      this.lines.splice(0, this.lines.length - MAX_LINES);
      this.isCut = true;
    }
  }
}
