// column_chooser.js - the dialog that says which columns a table has.

import { h } from "./dom.js";

/** flipped: names of columns that are not as usual; onChange(flipped) at each click. */
export function columnChooser(columns, flipped, onChange) {
  let now = flipped;
  const filter = h("input", { type: "search", class: "filter", placeholder: "Filter columns", "aria-label": "Filter columns", oninput: () => {
    const wanted = filter.value.toLowerCase();
    [...list.children].forEach((label) => {
      label.hidden = !label.textContent.toLowerCase().includes(wanted);
    });
  } });
  const kinds = { field: "field", flags: "flag", attrs: "attribute" };
  const list = h("div", { class: "choice-list" }, columns.map((column) => {
    const box = h("input", { type: "checkbox", checked: Boolean(column.off) === now.includes(column.name), onchange: () => {
      now = now.includes(column.name) ? now.filter((name) => name !== column.name) : [...now, column.name];
      onChange(now);
    } });
    return h("label", { class: "check" }, box, h("span", {}, column.title), h("span", { class: "dim" }, kinds[column.kind] || ""));
  }));
  const dialog = h("dialog", { class: "chooser", "aria-label": "Columns" }, h("header", { class: "card-head" }, h("h3", {}, "Columns"), h("span", { class: "spring" }), filter), list,
    h("footer", { class: "card-head" }, h("button", { class: "quiet", onclick: () => {
      now = [];
      onChange(now);
      dialog.close();
    } }, "As usual"), h("span", { class: "spring" }), h("button", { class: "button", onclick: () => dialog.close() }, "Done")));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}
