// keys.js - the keyboard: one list of keys for the page that is shown, and the dialog that `?` opens.

import { CHART_KEYS } from "./chart_input.js";
import { h } from "./dom.js";
import { cardHead, openDialog, spring } from "./widgets.js";

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
  const close = h("button", { class: "quiet", type: "button", autofocus: true }, "Close");
  const parts = [...groups, ["A chart that has the focus (Tab)", CHART_KEYS]].map(([title, keys]) => keySection(title, keys));
  const dialog = openDialog("Keyboard", "help", cardHead("Keyboard", spring(), close), h("div", { class: "help-body" }, parts));
  close.addEventListener("click", () => dialog.close());
}

function keySection(title, keys) {
  const rows = keys.map(([key, words]) => {
    const names = key.split(", ").map((one, i) => [i ? " " : "", h("kbd", {}, one)]);
    return h("div", {}, h("dt", {}, names), h("dd", {}, words));
  });
  return h("section", {}, h("h4", {}, title), h("dl", {}, rows));
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
