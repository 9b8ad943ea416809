// run_fields.js - the big numbers at the top of a run: one card per field of the project.

import { h, fill, icon, setText } from "./dom.js";
import { fieldText, NOTHING } from "./format.js";
import { isDark, materialColor, readableTone } from "./palette.js";

export class FieldCards {
  constructor() {
    this.cards = new Map();
    this.last = [];
    this.element = h("div", { class: "fields", dataset: { component: "fields" } });
  }

  /** The cards that the project wants, `--` until there is a value. */
  arrange(project) {
    const stamp = JSON.stringify([project.fields, isDark()]);
    if (stamp !== this.stamp) {
      this.stamp = stamp;
      this.cards.clear();
      fill(
        this.element,
        project.fields.map((field) => this.makeCard(field)),
      );
      this.show(this.last);
    }
  }

  makeCard(field) {
    const value = h("div", { class: "field-value" }, NOTHING);
    const card = h(
      "section",
      { class: "card field", dataset: { field: field.name }, title: field.source, "aria-label": field.label },
      h(
        "div",
        { class: "field-body" },
        h("div", { class: "field-icon" }, icon(field.icon)),
        h("div", { class: "field-text" }, value, h("div", { class: "field-label" }, field.label)),
      ),
    );
    const color = materialColor(field.color);
    if (color) {
      card.style.setProperty("--hue", color);
      card.style.setProperty("--tone", readableTone(color, isDark()));
    }
    this.cards.set(field.name, { card, value });
    return card;
  }

  show(fields) {
    this.last = fields;
    for (const field of fields) {
      const card = this.cards.get(field.name);
      if (card) {
        setText(card.value, fieldText(field));
        card.card.title = field.text + ", " + (field.key ? (field.reduce || "last") + " of " + field.key : field.source);
      }
    }
  }
}
