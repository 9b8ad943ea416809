// widgets.js - the small parts that every page is made of: search boxes, check boxes, heads of cards and tables, dialogs.

import { h } from "./dom.js";

/** props: more attributes and listeners. */
export function searchBox(label, placeholder, oninput, props = {}) {
  return h("input", { type: "search", class: "filter", placeholder, "aria-label": label, oninput, ...props });
}

/** A box and the label that holds it: [box, label]; onChange(checked). */
export function checkBox(text, checked, onChange, title) {
  const box = h("input", { type: "checkbox", checked, onchange: () => onChange(box.checked) });
  return [box, h("label", { class: "check", title }, box, text)];
}

/** Options of a select from [value, text] pairs. */
export function optionsOf(pairs, chosen) {
  return pairs.map(([value, text]) => h("option", { value, selected: value === chosen }, text));
}

/** A control behind its name. */
export function named(name, control) {
  return h("label", { class: "named" }, h("span", { class: "dim" }, name), control);
}

export const spring = () => h("span", { class: "spring" });

export function cardHead(title, ...more) {
  return h("header", { class: "card-head" }, h("h3", {}, title), ...more);
}

/** The head of a table; `numbers`: which columns stand at the right. */
export function tableHead(titles, isNumber = () => false) {
  const cells = titles.map((title, i) => h("th", { scope: "col", class: isNumber(i) ? "number" : "" }, title));
  return h("thead", {}, h("tr", {}, cells));
}

/** A text that is there for screen readers only. */
export function unseen(text) {
  return h("span", { class: "unseen" }, text);
}

/** The button below a list that is cut. */
export function moreButton(onclick, text = "") {
  return h("button", { class: "quiet more", hidden: true, onclick }, text);
}

/** Opens a dialog that goes away by Escape, by a click beside it, or by its close(). */
export function openDialog(label, name, ...children) {
  const dialog = h("dialog", { class: name, "aria-label": label }, ...children);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
