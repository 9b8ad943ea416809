// output_far.js - matches in the part of a run's output that is not loaded: the server looks for them.

import { api } from "./api.js";
import { h, fill, setText } from "./dom.js";
import { formatNumber } from "./format.js";
import { moreButton } from "./widgets.js";

const PAGE = 50;

export class FarMatches {
  /** open(match): shows the lines around it. */
  constructor(open) {
    this.open = open;
    this.note = h("span", { class: "dim", role: "status" });
    this.list = h("div", { class: "far-list" });
    this.more = moreButton(() => this.goOn(), "Look for more");
    this.element = h("section", { class: "far", "aria-label": "Matches far away", hidden: true }, this.note, this.list, this.more);
  }

  focus() {
    const first = this.list.querySelector("button");
    if (first) {
      first.focus();
    }
  }

  /** Begins anew; loaded: the bytes whose matches are known, of: {id, signal}. */
  search(text, stream, loaded, { id, signal }) {
    const stamp = JSON.stringify([id, text, stream, loaded]);
    if (stamp === this.stamp) {
      return;
    }
    Object.assign(this, { stamp, text, stream, loaded, id, signal, next: 0, size: 0, matches: [] });
    fill(this.list);
    this.element.hidden = text === "";
    if (text) {
      this.goOn().catch(() => {});
    }
  }

  /** Looks on until a page of matches is there or the log is at its end. */
  async goOn() {
    const { stamp, text, stream, id, signal } = this;
    const wanted = this.matches.length + PAGE;
    this.more.hidden = true;
    let isDone = false;
    while (!isDone && this.matches.length < wanted) {
      const query = { text, stream, offset: this.next, limit: PAGE, case: "0" };
      const answer = await api.search(id, query, signal);
      if (stamp !== this.stamp) {
        return;
      }
      const [from, to] = this.loaded;
      const isLoaded = answer.next_offset >= from && answer.next_offset < to;
      this.next = isLoaded && to !== Infinity ? to : answer.next_offset;
      isDone = answer.is_done || (isLoaded && to === Infinity);
      this.add(answer.matches.filter((match) => match.offset < from || match.offset >= to));
      this.tell(isDone, answer.size);
    }
    this.more.hidden = isDone;
  }

  add(matches) {
    this.matches.push(...matches);
    this.list.append(
      ...matches.map((match) =>
        h(
          "button",
          { class: "line far-line" + (match.stream === "err" ? " err" : ""), title: "Show the lines around it", onclick: () => this.open(match) },
          highlight(around(match.line, this.text), this.text.toLowerCase()),
        ),
      ),
    );
  }

  tell(isDone, size) {
    const count = this.matches.length;
    const bytes = (value) => formatNumber(value, "0.0 b");
    const words = count + (count === 1 ? " match" : " matches") + " in output that is not shown";
    setText(this.note, words + (isDone ? "" : ", in the first " + bytes(this.next) + " of " + bytes(size)));
  }
}

/** Of a long line what is near the match. */
function around(line, text) {
  const at = line.toLowerCase().indexOf(text.toLowerCase());
  const from = at > 120 ? at - 60 : 0;
  return (from ? "\u2026" : "") + line.slice(from, from + 400);
}

/** Text with every place marked that holds `wanted`, in small letters. */
export function highlight(text, wanted) {
  const out = [];
  let from = 0;
  for (let at = text.toLowerCase().indexOf(wanted); at >= 0; at = text.toLowerCase().indexOf(wanted, from)) {
    out.push(text.slice(from, at), h("mark", {}, text.slice(at, at + wanted.length)));
    from = at + wanted.length;
  }
  out.push(text.slice(from));
  return out;
}
