// pairs.js - cards with two columns of text: flags, attributes.

import { h, fill } from "./dom.js";
import { formatNumber, recordedFormat } from "./format.js";

export class Pairs {
  constructor(title, name, nothing, textOf = (_, value) => value) {
    this.nothing = nothing;
    this.textOf = textOf;
    this.body = h("div", { class: "pairs" });
    this.element = h(
      "section",
      { class: "card", dataset: { component: name } },
      h("header", { class: "card-head" }, h("h3", {}, title)),
      this.body,
    );
    this.show([]);
  }

  show(pairs) {
    if (pairs === this.pairs) {
      return;
    }
    this.pairs = pairs;
    fill(
      this.body,
      pairs.length
        ? h(
            "dl",
            {},
            pairs.map(({ name, value }) =>
              h("div", { class: "pair" }, h("dt", {}, name), h("dd", { title: value }, this.textOf(name, value))),
            ),
          )
        : h("div", { class: "empty" }, this.nothing),
    );
  }
}

/** An attribute that is a number of bytes in the unit that fits; any other text as it is. */
export function attributeText(name, value) {
  const format = recordedFormat(name);
  return format && /^\d+$/.test(value) ? formatNumber(Number(value), format) : value;
}
