// keys.js - the keyboard: one list of keys for the page that is shown, and the dialog that `?` opens.

import { CHART_KEYS } from "./chart_input.js";
import { h } from "./dom.js";

const groups = new Map();

/** Sets the keys of one part of the page: [[key, words, action]]; null takes them away. */
export function setKeys(title, keys) {
  if (keys) {
    groups.set(title, keys);
  } else {
    groups.delete(title);
  }
}

function isTyping(target) {
  return target.closest && target.closest("input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable]");
}

function nameOf(event) {
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (event.altKey ? "Alt+" : "") + (event.key === " " ? "Space" : event.key);
}

let pending = "";

/** Two keys in a row ("g r") are one name. */
export function onKeydown(event) {
  if (event.key === "Escape" && isTyping(event.target)) {
    event.target.blur();
    return;
  }
  if (event.defaultPrevented || isTyping(event.target) || document.querySelector("dialog[open]")) {
    return;
  }
  const name = nameOf(event);
  const names = [pending + name, name];
  pending = name === "g" ? "g " : "";
  for (const wanted of names) {
    for (const keys of groups.values()) {
      const found = keys.find(([key]) => key.split(", ").includes(wanted));
      if (found) {
        event.preventDefault();
        found[2](event);
        return;
      }
    }
  }
}

/** The list of all keys, as a dialog. */
export function showHelp() {
  const dialog = h("dialog", { class: "help", "aria-label": "Keyboard" }, h("header", { class: "card-head" }, h("h3", {}, "Keyboard"), h("span", { class: "spring" }),
    h("button", { class: "quiet", type: "button", autofocus: true, onclick: () => dialog.close() }, "Close")),
  h("div", { class: "help-body" }, [...groups, ["A chart that has the focus (Tab)", CHART_KEYS]].map(([title, keys]) => h("section", {}, h("h4", {}, title),
    h("dl", {}, keys.map(([key, words]) => h("div", {}, h("dt", {}, key.split(", ").map((one, i) => [i ? " " : "", h("kbd", {}, one)])), h("dd", {}, words))))))));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
}

/** A line of text that goes away by itself; read out by screen readers. */
export function say(text) {
  let box = document.querySelector(".toast");
  if (!box) {
    box = h("div", { class: "toast", role: "status" });
    document.body.append(box);
  }
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(box.timer);
  box.timer = setTimeout(() => box.classList.remove("shown"), 2500);
}
