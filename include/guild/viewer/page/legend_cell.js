// legend_cell.js - the cell by which a table of runs is the legend of their charts.

import { choice } from "./choice.js";
import { h, icon } from "./dom.js";
import { titleOf } from "./status.js";

/** Box or colour, and for a chosen run eye, pin and baseline. */
export function legendCell(run, changed, onChoose) {
  const { id } = run;
  const color = choice.color(id);
  const marks = [
    {
      on: !choice.hidden().includes(id),
      name: "eye",
      off: "eye-off",
      title: "Show its lines (e)",
      act: () => choice.flip("hide", id),
      always: true,
    },
    { on: choice.pinned().includes(id), name: "pin", title: "Pin to the top (p)", act: () => choice.flip("pin", id) },
    { on: choice.baseline() === id, name: "flag", title: "Baseline (b)", act: () => choice.flipBaseline(id) },
  ];
  const shown = marks.filter((mark) => color || (mark.on && !mark.always));
  return [chooseBox(run, color, onChoose), shown.map((mark) => markButton(mark, changed))];
}

function chooseBox(run, color, onclick) {
  const words = { title: "Choose to compare (x)", "aria-label": "Choose " + titleOf(run), "aria-pressed": String(color !== null) };
  const box = h("button", { class: "choose", tabindex: "-1", ...words, onclick });
  if (color) {
    box.style.background = color;
    box.style.borderColor = color;
  }
  return box;
}

function markButton({ on, name, off, title, act }, changed) {
  const words = { title, "aria-label": title, "aria-pressed": String(on) };
  const onclick = () => {
    act();
    changed();
  };
  return h("button", { class: "mark-button" + (on ? " on" : ""), tabindex: "-1", ...words, onclick }, icon(on ? name : off || name));
}
