// legend_cell.js - the cell by which a table of runs is the legend of their charts.

import { choice } from "./choice.js";
import { h, icon } from "./dom.js";
import { titleOf } from "./status.js";

/** Box or colour, and for a chosen run eye, pin and baseline. */
export function legendCell(run, changed, onChoose) {
  const color = choice.color(run.id);
  const button = (name, title, on, act) => h("button", { class: "mark-button" + (on ? " on" : ""), tabindex: "-1", title, "aria-label": title, "aria-pressed": String(on), onclick: () => {
    act();
    changed();
  } }, icon(name));
  const box = h("button", { class: "choose", tabindex: "-1", title: "Choose to compare (x)", "aria-label": "Choose " + titleOf(run), "aria-pressed": String(color !== null), onclick: onChoose });
  if (color) {
    box.style.background = color;
    box.style.borderColor = color;
  }
  const isHidden = choice.hidden().includes(run.id);
  return [box, color ? button(isHidden ? "eye-off" : "eye", "Show its lines (e)", !isHidden, () => choice.flip("hide", run.id)) : null,
    color || choice.pinned().includes(run.id) ? button("pin", "Pin to the top (p)", choice.pinned().includes(run.id), () => choice.flip("pin", run.id)) : null,
    color || choice.baseline() === run.id ? button("flag", "Baseline (b)", choice.baseline() === run.id, () => choice.flipBaseline(run.id)) : null];
}
