// column_chooser.js - the dialog that says which columns a table has.

import { h } from "./dom.js";
import { cardHead, checkBox, openDialog, searchBox, spring } from "./widgets.js";

const KINDS = { field: "field", flags: "flag", attrs: "attribute" };

/** flipped: names of columns that are not as usual; onChange(flipped) at each click. */
export function columnChooser(columns, flipped, onChange) {
  let now = flipped;
  const set = (names) => {
    now = names;
    onChange(now);
  };
  const flip = (name) => set(now.includes(name) ? now.filter((each) => each !== name) : [...now, name]);
  const labels = columns.map((column) => columnLabel(column, now, flip));
  const filter = searchBox("Filter columns", "Filter columns", () => {
    const wanted = filter.value.toLowerCase();
    labels.forEach((label) => {
      label.hidden = !label.textContent.toLowerCase().includes(wanted);
    });
  });
  const usual = h("button", { class: "quiet" }, "As usual");
  const done = h("button", { class: "button" }, "Done");
  const foot = h("footer", { class: "card-head" }, usual, spring(), done);
  const list = h("div", { class: "choice-list" }, labels);
  const dialog = openDialog("Columns", "chooser", cardHead("Columns", spring(), filter), list, foot);
  done.addEventListener("click", () => dialog.close());
  usual.addEventListener("click", () => {
    set([]);
    dialog.close();
  });
}

function columnLabel(column, flipped, flip) {
  const shown = Boolean(column.off) === flipped.includes(column.name);
  const [, label] = checkBox(column.title, shown, () => flip(column.name));
  label.append(h("span", { class: "dim" }, KINDS[column.kind] || ""));
  return label;
}
